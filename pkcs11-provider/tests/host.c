/* Hosts of the module as there are in C, one a scenario: host MODULE SCENARIO. It says nothing when all is as it should. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

typedef unsigned long ck;

static void *module;
static ck session;

/* Hooks of another library that the host has linked, and that are not for the module. */
void *OPENSSL_memory_alloc(size_t bytes) {
    fprintf(stderr, "asked for %zu bytes\n", bytes);
    _exit(3);
}

void OPENSSL_memory_free(void *memory) {
    fprintf(stderr, "asked to free %p\n", memory);
    _exit(3);
}

size_t OPENSSL_memory_get_size(void *memory) {
    fprintf(stderr, "asked for the size of %p\n", memory);
    _exit(3);
}

/* A function of another PKCS #11 module that the host has linked, and that is not for the module's lists. */
ck C_Initialize(void *nothing) {
    fprintf(stderr, "asked to initialise another module with %p\n", nothing);
    _exit(3);
}

/* A function of the module, by its name. */
#define C(name) ((ck(*)())function("C_" name))

static void *function(const char *name) {
    void *found = dlsym(module, name);
    if (!found) {
        fprintf(stderr, "%s is missing\n", name);
        _exit(2);
    }
    return found;
}

static void expect(const char *what, ck found, ck wanted) {
    if (found != wanted) {
        fprintf(stderr, "%s: %#lx and not %#lx\n", what, found, wanted);
        _exit(1);
    }
}

static void load(const char *path) {
    module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!module) {
        fprintf(stderr, "%s\n", dlerror());
        _exit(2);
    }
}

/* A session of the user's, and a trip to the daemon. */
static void work(void) {
    unsigned char random[64];
    expect("random", C("GenerateRandom")(session, random, sizeof random), 0);
}

static void begin(void) {
    expect("initialise", C("Initialize")((void *)0), 0);
    expect("open", C("OpenSession")(0UL, 6UL, (void *)0, (void *)0, &session), 0);
    expect("login", C("Login")(session, 1UL, "1234", 4UL), 0);
    work();
}

/* What the module's list holds is the module's, whatever the host has of the same name. */
static void listed(void) {
    void **list;
    expect("the list", C("GetFunctionList")(&list), 0);
    expect("its first function", (ck)list[1], (ck)function("C_Initialize"));
}

static void finalise(void) { expect("finalise", C("Finalize")((void *)0), 0); }

/* The host's own OpenSSL, which cleans up by a handler of its own. */
static void use_openssl(void) {
    void *crypto = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_GLOBAL);
    unsigned char random[8];
    if (!crypto)
        return;
    ((int (*)(unsigned char *, int))dlsym(crypto, "RAND_bytes"))(random, sizeof random);
}

static int finalise_in_destructor;

__attribute__((destructor)) static void last(void) {
    if (finalise_in_destructor)
        finalise();
}

static void *in_thread(void *nothing) {
    work();
    return nothing;
}

/* A thread that has used the module ends when the library is closed already. */
static void *in_thread_that_outlives(void *nothing) {
    work();
    finalise();
    dlclose(module);
    return nothing;
}

static volatile sig_atomic_t signals;

static void count(int number) { signals += number != 0; }

/* Signals come every millisecond and end whatever waits in the system. */
static void interrupted(void) {
    struct sigaction action;
    struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    memset(&action, 0, sizeof action);
    action.sa_handler = count;
    sigaction(SIGALRM, &action, 0);
    setitimer(ITIMER_REAL, &often, 0);
    for (int round = 0; round < 50 || (signals < 100 && round < 5000); round++)
        work();
    setitimer(ITIMER_REAL, &never, 0);
    if (signals < 100) {
        fprintf(stderr, "only %d signals\n", (int)signals);
        _exit(1);
    }
}

/* A host that blocks every signal finds none waiting afterwards, and its mask as it was. */
static void blocked(void) {
    sigset_t all, pending, mask;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, 0);
    /* The daemon closes each connection after one answer. */
    for (int round = 0; round < 20; round++)
        work();
    sigpending(&pending);
    sigprocmask(SIG_SETMASK, 0, &mask);
    for (int number = 1; number < 32; number++)
        if (sigismember(&pending, number)) {
            fprintf(stderr, "signal %d waits\n", number);
            _exit(1);
        }
    if (!sigismember(&mask, SIGPIPE)) {
        fprintf(stderr, "the mask is another\n");
        _exit(1);
    }
}

/* Whoever closes all descriptors, as daemons do, finds the module on its feet; and none of the host's are touched. */
static void closed(void) {
    char byte = 'x';
    int own;
    for (int number = 3; number < 256; number++)
        close(number);
    own = open("/dev/null", O_RDWR);
    expect("a descriptor", (ck)own, 3);
    work();
    expect("write", (ck)write(own, &byte, 1), 1);
}

/* A process that may open nothing more says so, and goes on when it may. */
static void crowded(void) {
    unsigned char random[64];
    struct rlimit before, none;
    /* The daemon has closed the connection after its second answer. */
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = 3;
    setrlimit(RLIMIT_NOFILE, &none);
    for (int round = 0; round < 3; round++)
        expect("no room", C("GenerateRandom")(session, random, sizeof random), 2);
    setrlimit(RLIMIT_NOFILE, &before);
    work();
    work();
}

/* How many slots there are, in an environment that says nothing or is not to be believed. */
static void slots(ck wanted) {
    ck count = 99;
    expect("initialise", C("Initialize")((void *)0), 0);
    expect("slots", C("GetSlotList")(0, (void *)0, &count), 0);
    expect("count", count, wanted);
    finalise();
}

static void privileged(void) {
    /* On a file system that ignores the bit there is nothing to be seen. */
    if (getauxval(AT_SECURE))
        slots(0);
    else
        _exit(77);
}

static void forked(void) {
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        expect("in a child", C("GetSessionInfo")(session, (void *)0), 0x190);
        exit(0);
    }
    waitpid(child, &status, 0);
    expect("the child", (ck)status, 0);
    child = fork();
    if (child == 0) {
        execl("/bin/true", "true", (char *)0);
        _exit(1);
    }
    waitpid(child, &status, 0);
    expect("the program", (ck)status, 0);
    work();
}

int main(int argc, char **argv) {
    const char *scenario = argc == 3 ? argv[2] : "";
    pthread_t thread;
#define IS(name) (!strcmp(scenario, name))
    if (IS("atexit"))
        /* Registered before OpenSSL's own handler, and so called after it. */
        atexit(finalise);
    if (IS("atexit") || IS("exit") || IS("destructor"))
        use_openssl();
    load(argv[1]);
    if (IS("no environment"))
        return slots(0), 0;
    if (IS("privileged"))
        return privileged(), 0;
    begin();
    if (IS("exit") || IS("atexit"))
        exit(0);
    if (IS("destructor")) {
        finalise_in_destructor = 1;
        exit(0);
    }
    if (IS("thread")) {
        pthread_create(&thread, 0, in_thread, 0);
        pthread_join(thread, 0);
        pthread_create(&thread, 0, in_thread_that_outlives, 0);
        pthread_join(thread, 0);
        return 0;
    }
    if (IS("listed"))
        listed();
    else if (IS("interrupted"))
        interrupted();
    else if (IS("blocked"))
        blocked();
    else if (IS("crowded"))
        crowded();
    else if (IS("closed"))
        closed();
    else if (IS("forked") || IS("forked with tls"))
        forked();
    else
        return 2;
    finalise();
    return 0;
}
