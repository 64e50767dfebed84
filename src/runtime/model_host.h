// Moonstone. Licence: see LICENSE.
#pragma once
// The host of models on a server: runs the functions of defineModels (model_functions.h) in V8.
//
// They run inside the call that runs on this thread (Isolate::run, Isolate::run_inside), in its
// transaction and within its limits. What is called outside of such a call has none: whoever writes
// models for a bundle that has some enters its isolate first.
// Threads: stateless; works on the call of the calling thread.
// Source: litestone.md 9, 28, 29, 32.3; decision 0031.

#include "orm/orm.h"

namespace moonstone::runtime {

/// The one host; lives as long as the process.
[[nodiscard]] orm::Host& model_host();

}  // namespace moonstone::runtime
