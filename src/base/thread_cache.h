// Moonstone. Licence: see LICENSE.
#pragma once
// What a thread keeps from one task to the next because making it is expensive (an isolate of V8),
// and gives up when it has had nothing to do for a while.
//
// Whoever keeps something says how to let go of it; whoever waits for work decides when. Neither
// knows the other. Threads: each function concerns the calling thread alone.

#include <chrono>
#include <functional>

namespace moonstone {

/// `release` is called at most once, by the next release_thread_caches() of this thread. What is
/// kept must also end with the thread by itself, as then nobody calls it.
void add_thread_cache(std::move_only_function<void()> release);

/// Releases what this thread keeps. Nothing of it may be in use.
void release_thread_caches();

/// How long a thread keeps its caches without work; zero: for ever.
using ThreadIdleMax = std::chrono::milliseconds;

}  // namespace moonstone
