// Moonstone. Licence: see LICENSE.
#pragma once
// RequestKind: what a request calls with which arguments. Arguments are a function of a ticket
// alone, so that equal runs send equal requests.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/load/fleet.h"
#include "bench/load/options.h"

namespace moonstone::bench {

/// Which request: the number counts those of the same slot of the same socket.
struct Ticket {
  std::size_t socket = 0;
  std::size_t slot = 0;
  std::uint64_t number = 0;
};

struct RequestKind {
  MessageKind answer;  // Result: a query, MutationResult: a mutation
  std::string_view function;
  /// Appends the arguments, a JSON object.
  void (*write_arguments)(const Options& options, const Ticket& ticket, std::string& out);
  /// Fills the database as far as it is not filled; false: the run has failed.
  bool (*prepare)(Fleet& fleet, const Options& options) = nullptr;
  /// How many documents an answer has; 0: it is not looked at.
  std::size_t documents = 0;
};

void append_number(std::string& out, std::uint64_t number);

// The kinds.
extern const RequestKind kEqual10;
extern const RequestKind kEqual100;
extern const RequestKind kDistinct10;
extern const RequestKind kDistinct100;
extern const RequestKind kInsert;
extern const RequestKind kCounter;
extern const RequestKind kUniform;
extern const RequestKind kContended;

}  // namespace moonstone::bench
