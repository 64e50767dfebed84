// Moonstone. Licence: see LICENSE.
//
// Replays a corpus through LLVMFuzzerTestOneInput, so that every fuzz target is also an ordinary
// test in builds without libFuzzer. Arguments: files or folders. Exit code 2 if nothing was read,
// because an empty corpus would otherwise look like a passed test.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::vector<std::filesystem::path> collect_inputs(int argument_count, char** arguments) {
  std::vector<std::filesystem::path> inputs;
  for (int index = 1; index < argument_count; ++index) {
    const std::filesystem::path path = arguments[index];
    if (!std::filesystem::is_directory(path)) {
      inputs.push_back(path);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) inputs.push_back(entry.path());
    }
  }
  // The order of a folder differs between machines; a failure should be found in the same place.
  std::sort(inputs.begin(), inputs.end());
  return inputs;
}

bool replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::cerr << "cannot read " << path << '\n';
    return false;
  }
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  // The name comes first, so that a crash says which input caused it.
  std::cerr << path.filename().string() << '\n';
  const std::vector<std::uint8_t> data(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(data.data(), data.size());
  return true;
}

}  // namespace

int main(int argument_count, char** arguments) {
  const auto inputs = collect_inputs(argument_count, arguments);
  if (inputs.empty()) {
    std::cerr << "no corpus files in the given paths\n";
    return 2;
  }
  const bool all_read = std::all_of(inputs.begin(), inputs.end(), replay);
  std::cout << inputs.size() << " inputs replayed\n";
  return all_read ? 0 : 2;
}
