// What Crashpad's handler works for: a program that crashes, or one that might.
//
//   crashpad crash HANDLER OPTION...   crashes, and lets the handler report it
//   crashpad wait HANDLER OPTION...    starts the handler beforehand, as browsers do, and ends both when
//                                      its standard input ends

#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The handler reads this from the crashed process.
struct exception_information {
  uint64_t siginfo_address;
  uint64_t context_address;
  int32_t thread_id;
};

static struct exception_information exception;
// Its path, its options, a place for one more, and the end.
static char **handler;
static int options;

static void exec_handler(const char *name, uint64_t value) {
  char option[64];
  snprintf(option, sizeof option, "--%s=%llu", name, (unsigned long long)value);
  handler[options] = option;
  execv(handler[0], handler);
  _exit(127);
}

static void report(int signal, siginfo_t *info, void *context) {
  (void)signal;
  exception.siginfo_address = (uintptr_t)info;
  exception.context_address = (uintptr_t)context;
  exception.thread_id = (int32_t)syscall(SYS_gettid);
  // Some systems let only a parent look into a process.
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  pid_t child = fork();
  if (child == 0) exec_handler("trace-parent-with-exception", (uintptr_t)&exception);
  int status = 0;
  waitpid(child, &status, 0);
  _exit(status == 0 ? 0 : 3);
}

__attribute__((noinline)) static void crash(volatile int *nowhere) { *nowhere = 42; }

static int wait_for_end(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) return 4;
  pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    exec_handler("initial-client-fd", ends[1]);
  }
  close(ends[1]);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  // By this the handler knows that its client is gone.
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? 0 : 3;
}

int main(int count, char **arguments) {
  if (count < 3) return 2;
  options = count - 2;
  handler = calloc(options + 2, sizeof *handler);
  memcpy(handler, arguments + 2, options * sizeof *handler);
  if (strcmp(arguments[1], "wait") == 0) return wait_for_end();
  struct sigaction action = {.sa_sigaction = report, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  crash((int *)0x10);
  return 5;
}
