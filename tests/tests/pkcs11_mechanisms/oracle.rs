//! The independent implementation, Python's `cryptography` and `hashlib`, in a process that answers question by question.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use keyhold_tests::programs::python;
use serde_json::{Value, json};

/// The running oracle.
pub struct Oracle {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Oracle {
    pub fn start() -> Self {
        let mut child = Command::new(python())
            .args(["-W", "ignore", "-c", include_str!("oracle.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            questions: child.stdin.take().unwrap(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// An answer, or why there is none.
    pub fn ask(&mut self, question: &Value) -> Result<Value, String> {
        writeln!(self.questions, "{question}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        match answer.get("error") {
            None => Ok(answer),
            Some(error) => Err(error.as_str().unwrap().to_owned()),
        }
    }

    /// An answer of bytes to a question that is made of what is common and what is special.
    pub fn bytes(&mut self, what: &str, common: &Value, special: &Value) -> Vec<u8> {
        let question = joined(&joined(&json!({ "do": what }), common), special);
        let answer = self.ask(&question);
        let answer = answer.unwrap_or_else(|error| panic!("{error}: {question}"));
        field(&answer, "bytes")
    }

    /// A fresh key pair of a kind.
    pub fn pair(&mut self, kind: &str) -> Value {
        let question = match kind.split_once('-') {
            Some((family @ ("rsa" | "dsa"), bits)) => {
                json!({ "do": "generate", "kind": family, "bits": bits.parse::<u32>().unwrap() })
            }
            _ => json!({ "do": "generate", "kind": kind }),
        };
        self.ask(&question).unwrap()
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        // It ends by itself at the end of the questions, too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One object with the fields of both.
pub fn joined(left: &Value, right: &Value) -> Value {
    let mut both = left.as_object().unwrap().clone();
    both.extend(right.as_object().unwrap().clone());
    both.into()
}

/// A field of bytes.
pub fn field(answer: &Value, name: &str) -> Vec<u8> {
    let text = answer[name].as_str();
    hex::decode(text.unwrap_or_else(|| panic!("no {name}"))).unwrap()
}
