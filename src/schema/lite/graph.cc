// Moonstone. Licence: see LICENSE.
#include "schema/lite/internal/graph.h"

#include <algorithm>

namespace moonstone::lite {
namespace {

enum class Mark : unsigned char { New, Open, Done };

struct Frame {
  std::size_t node;
  std::size_t next_edge = 0;
};

}  // namespace

GraphWalk walk(const Graph& graph) {
  GraphWalk result;
  result.heights.assign(graph.size(), 1);
  std::vector<Mark> marks(graph.size(), Mark::New);
  std::vector<Frame> path;
  for (std::size_t root = 0; root < graph.size(); ++root) {
    if (marks[root] != Mark::New) continue;
    path.push_back({root});
    marks[root] = Mark::Open;
    while (!path.empty()) {
      Frame& frame = path.back();
      const std::size_t node = frame.node;
      if (frame.next_edge == graph[node].size()) {
        for (const std::size_t target : graph[node]) {
          result.heights[node] = std::max(result.heights[node], result.heights[target] + 1);
        }
        marks[node] = Mark::Done;
        result.order.push_back(node);
        path.pop_back();
        continue;
      }
      const std::size_t target = graph[node][frame.next_edge++];
      if (marks[target] == Mark::New) {
        marks[target] = Mark::Open;
        path.push_back({target});
      } else if (marks[target] == Mark::Open && result.cycles.size() < kCyclesMax) {
        std::vector<std::size_t> cycle;
        const auto begin = std::ranges::find(path, target, &Frame::node);
        for (auto at = begin; at != path.end(); ++at)
          cycle.push_back(at->node);
        result.cycles.push_back(std::move(cycle));
      }
    }
  }
  return result;
}

}  // namespace moonstone::lite
