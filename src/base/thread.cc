// Moonstone. Licence: see LICENSE.
#include "base/thread.h"

#include <cstddef>
#include <string>
#include <utility>

#include <pthread.h>

namespace moonstone {
namespace {

constexpr std::size_t kThreadNameBytesMax = 15;  // Linux refuses longer ones

}  // namespace

std::jthread start_thread(std::string_view name,
                          std::move_only_function<void(std::stop_token)> body) {
  return std::jthread([name = std::string(name.substr(0, kThreadNameBytesMax)),
                       body = std::move(body)](std::stop_token stop) mutable {
    // A name that the system does not take is no reason not to run.
    static_cast<void>(::pthread_setname_np(::pthread_self(), name.c_str()));
    body(std::move(stop));
  });
}

}  // namespace moonstone
