// Moonstone. Licence: see LICENSE.
#include "base/batch.h"

#include <utility>
#include <vector>

#include "base/check.h"

namespace moonstone {
namespace {

struct OfThread {
  bool is_open = false;
  std::size_t pieces = 0;
  std::vector<Batch::Task> tasks;

  void run_tasks() {
    pieces = 0;
    for (Batch::Task& task : std::exchange(tasks, {}))
      task();
  }
};

OfThread& of_thread() {
  thread_local OfThread batch;
  return batch;
}

}  // namespace

Batch::Begun Batch::begin_piece() {
  OfThread& batch = of_thread();
  if (batch.pieces == kBatchPiecesMax) batch.run_tasks();
  ++batch.pieces;
  return std::exchange(batch.is_open, true) ? Begun::Before : Begun::Now;
}

void Batch::end() {
  OfThread& batch = of_thread();
  batch.is_open = false;
  batch.run_tasks();
}

bool Batch::is_open() {
  return of_thread().is_open;
}

void Batch::defer(Task task) {
  MS_CHECK(is_open(), "nobody would ever do what was deferred");
  of_thread().tasks.push_back(std::move(task));
}

}  // namespace moonstone
