# Runs a suite of unittest in this process and prints a line of JSON for each of its tests: its name, what came of it,
# and what it said.
import json
import sys
import unittest


class Lines(unittest.TestResult):
    def note(self, test, outcome, said=""):
        print(json.dumps({"test": test.id(), "outcome": outcome, "said": said}), file=sys.__stdout__, flush=True)

    def addSuccess(self, test):
        self.note(test, "passed")

    def addSkip(self, test, reason):
        self.note(test, "skipped", reason)

    def addError(self, test, err):
        self.note(test, "failed", self._exc_info_to_string(err, test))

    def addFailure(self, test, err):
        self.note(test, "failed", self._exc_info_to_string(err, test))

    def addExpectedFailure(self, test, err):
        self.note(test, "failed", "as the suite expects: " + self._exc_info_to_string(err, test))

    def addUnexpectedSuccess(self, test):
        self.note(test, "failed", "passes where the suite expects a failure")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.note(subtest, "failed", self._exc_info_to_string(err, test))


unittest.defaultTestLoader.discover(sys.argv[1], top_level_dir=sys.argv[2]).run(Lines())
