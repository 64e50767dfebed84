// Moonstone. Licence: see LICENSE.
#pragma once
// MS_CHECK: a broken invariant stops the process, because crash recovery is tested and writing
// wrong data is not repairable. Never for input: input gets an Error.
// MS_DCHECK: the same on hot paths, in debug builds only.
// Threads: pure.

namespace moonstone {

/// Prints place, condition and reason to standard error and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition, const char* why);

}  // namespace moonstone

/// `why` is a string literal: what would go wrong if the process went on.
#define MS_CHECK(condition, why)      \
  ((condition) ? static_cast<void>(0) \
               : ::moonstone::check_failed(__FILE__, __LINE__, #condition, why))

#if defined(NDEBUG)
#define MS_DCHECK(condition, why) static_cast<void>(sizeof((condition)))
#else
#define MS_DCHECK(condition, why) MS_CHECK(condition, why)
#endif
