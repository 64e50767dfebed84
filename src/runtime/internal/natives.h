// Moonstone. Licence: see LICENSE.
#pragma once
// Natives: the C++ functions that the prelude calls. User code never sees them directly.

#include <v8.h>

namespace moonstone::runtime {

/// The object that the prelude gets as `natives`; made once per context.
[[nodiscard]] v8::Local<v8::Object> make_natives(v8::Local<v8::Context> context);

}  // namespace moonstone::runtime
