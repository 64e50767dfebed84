// Moonstone. Licence: see LICENSE.
#pragma once
// Starting threads that carry a name, so that a debugger, a profile or `top -H` tells them apart.
// Threads: pure function.

#include <functional>
#include <stop_token>
#include <string_view>
#include <thread>

namespace moonstone {

/// Starts a thread; the result stops and joins it when it goes out of scope. `body` must end soon
/// after a stop is requested. The system keeps the first 15 bytes of the name.
[[nodiscard]] std::jthread start_thread(std::string_view name,
                                        std::move_only_function<void(std::stop_token)> body);

}  // namespace moonstone
