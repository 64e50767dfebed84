// Moonstone. Licence: see LICENSE.
//
// Options that the sanitizer runtimes ask for at start. Linked into every program of a sanitized
// build, so that suppressions hold however a test is started. The names are fixed by the runtimes.

#define MS_EXPORTED extern "C" __attribute__((visibility("default"), used))

MS_EXPORTED const char* __asan_default_options();
MS_EXPORTED const char* __lsan_default_options();
MS_EXPORTED const char* __tsan_default_options();
MS_EXPORTED const char* __ubsan_default_options();

const char* __asan_default_options() {
  // V8 reserves its own stack limits by address, which the fake stack of use-after-return breaks.
  return "detect_stack_use_after_return=0:strict_string_checks=1:check_initialization_order=1:"
         "allocator_may_return_null=1";
}

const char* __lsan_default_options() {
  return "suppressions=" MS_SANITIZERS_DIR "/lsan.supp:print_suppressions=0";
}

const char* __tsan_default_options() {
  // Inside libnode a mutex is locked by a call that tsan.supp hides and unlocked by a tail call
  // that seems to come from us. Our own mutexes are scoped and checked by the compiler's
  // annotations.
  return "suppressions=" MS_SANITIZERS_DIR
         "/tsan.supp:report_mutex_bugs=0:halt_on_error=1:second_deadlock_stack=1:print_"
         "suppressions=0";
}

const char* __ubsan_default_options() {
  return "print_stacktrace=1";
}
