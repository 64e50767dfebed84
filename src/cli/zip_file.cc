// Moonstone. Licence: see LICENSE.
//
// The layout is that of PKWARE's APPNOTE 6.3, sections 4.3.7 and 4.3.12 to 4.3.16, without ZIP64:
// per file a header and its compressed bytes, then the directory, then where that is.

#include "cli/zip_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>

namespace moonstone::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunkBytes = std::size_t{256} * 1024;
constexpr std::uint64_t kBytesMax = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kEntriesMax = std::numeric_limits<std::uint16_t>::max();

constexpr std::uint32_t kFileHeader = 0x04034b50;
constexpr std::uint32_t kDirectoryEntry = 0x02014b50;
constexpr std::uint32_t kDirectoryEnd = 0x06054b50;
constexpr std::uint16_t kVersionNeeded = 20;
constexpr std::uint16_t kNamesAreUtf8 = 1 << 11;
constexpr std::uint16_t kDeflated = 8;
/// 1980-01-01, the first day that the format knows: the stamp of a backup is in its name.
constexpr std::uint16_t kDate = (1 << 5) | 1;

Error unavailable(std::string_view what, const std::string& path) {
  return {ErrorCode::Unavailable, fmt::format("cannot {} {}: {}", what, path, strerror(errno))};
}

Error too_large(const std::string& path) {
  return {
      ErrorCode::LimitExceeded,
      fmt::format("{} is beyond the 4 GB that a ZIP archive holds; copy it without --zip", path)};
}

/// Numbers as the format has them, least significant byte first.
class Record {
 public:
  Record& two(std::uint64_t number) { return append(number, 2); }
  Record& four(std::uint64_t number) { return append(number, 4); }
  Record& text(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  Record& append(std::uint64_t number, int size) {
    for (int i = 0; i < size; ++i)
      bytes_ += static_cast<char>((number >> (8 * i)) & 0xff);
    return *this;
  }

  std::string bytes_;
};

struct Entry {
  std::string name;
  std::uint64_t offset = 0;
  std::uint32_t checksum = 0;
  std::uint64_t packed_bytes = 0;
  std::uint64_t bytes = 0;
};

/// What a file's header and its entry in the directory have in common.
Record& add_facts(Record& record, const Entry& entry) {
  return record.two(kVersionNeeded)
      .two(kNamesAreUtf8)
      .two(kDeflated)
      .two(0)
      .two(kDate)
      .four(entry.checksum)
      .four(entry.packed_bytes)
      .four(entry.bytes)
      .two(entry.name.size())
      .two(0);
}

class Deflater {
 public:
  Deflater() {
    // A negative size of the window: no header of zlib around the bytes.
    is_ready_ = deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8,
                             Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~Deflater() {
    if (is_ready_) deflateEnd(&stream_);
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  [[nodiscard]] bool is_ready() const { return is_ready_; }

  /// Hands what comes of `input` to `sink`, in pieces.
  template <class Sink>
  void add(std::string_view input, bool is_last, Sink&& sink) {
    // zlib reads through this pointer only.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = static_cast<uInt>(input.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(output_.data());
      stream_.avail_out = static_cast<uInt>(output_.size());
      deflate(&stream_, is_last ? Z_FINISH : Z_NO_FLUSH);
      sink(std::string_view(output_.data(), output_.size() - stream_.avail_out));
    } while (stream_.avail_out == 0);
  }

 private:
  z_stream stream_{};
  std::vector<char> output_ = std::vector<char>(kChunkBytes);
  bool is_ready_ = false;
};

class Archive {
 public:
  explicit Archive(std::string path)
      : path_(std::move(path)), out_(path_, std::ios::binary | std::ios::trunc) {}

  [[nodiscard]] Status add(const std::string& file, std::string name) {
    if (entries_.size() == kEntriesMax) {
      return Error(
          ErrorCode::LimitExceeded,
          fmt::format("a ZIP archive holds at most {} files; copy without --zip", kEntriesMax));
    }
    Entry entry{.name = std::move(name), .offset = position()};
    put(header_of(entry));  // sizes and checksum are known only afterwards
    MS_TRY_STATUS(pack(file, entry));
    const std::uint64_t end = position();
    if (end > kBytesMax) return too_large(path_);
    out_.seekp(static_cast<std::streamoff>(entry.offset));
    put(header_of(entry));
    out_.seekp(static_cast<std::streamoff>(end));
    entries_.push_back(std::move(entry));
    return written();
  }

  [[nodiscard]] Status finish() {
    const std::uint64_t begin = position();
    for (const Entry& entry : entries_) {
      Record record;
      record.four(kDirectoryEntry).two(kVersionNeeded);
      add_facts(record, entry).two(0).two(0).two(0).four(0).four(entry.offset).text(entry.name);
      put(record.bytes());
    }
    const std::uint64_t end = position();
    if (end > kBytesMax) return too_large(path_);
    put(Record()
            .four(kDirectoryEnd)
            .two(0)
            .two(0)
            .two(entries_.size())
            .two(entries_.size())
            .four(end - begin)
            .four(begin)
            .two(0)
            .bytes());
    out_.close();
    return written();
  }

 private:
  static std::string header_of(const Entry& entry) {
    Record record;
    record.four(kFileHeader);
    return add_facts(record, entry).text(entry.name).bytes();
  }

  Status pack(const std::string& file, Entry& entry) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return unavailable("read", file);
    Deflater deflater;
    if (!deflater.is_ready()) return Error(ErrorCode::Unavailable, "no memory to compress with");
    std::vector<char> chunk(kChunkBytes);
    uLong checksum = crc32(0, nullptr, 0);
    while (in) {
      in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
      const std::string_view input(chunk.data(), static_cast<std::size_t>(in.gcount()));
      checksum = crc32(checksum, reinterpret_cast<const Bytef*>(input.data()),
                       static_cast<uInt>(input.size()));
      entry.bytes += input.size();
      deflater.add(input, !in, [&](std::string_view packed) {
        entry.packed_bytes += packed.size();
        put(packed);
      });
      if (entry.bytes > kBytesMax || entry.packed_bytes > kBytesMax) return too_large(file);
    }
    if (in.bad()) return unavailable("read", file);
    entry.checksum = static_cast<std::uint32_t>(checksum);
    return {};
  }

  void put(std::string_view bytes) {
    out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  std::uint64_t position() { return static_cast<std::uint64_t>(out_.tellp()); }
  [[nodiscard]] Status written() const {
    if (out_) return {};
    return unavailable("write", path_);
  }

  std::string path_;
  std::ofstream out_;
  std::vector<Entry> entries_;
};

/// The files below the folder, in the order of their paths.
Result<std::vector<fs::path>> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code failure;
  fs::recursive_directory_iterator entries(folder, failure);
  for (; !failure && entries != fs::recursive_directory_iterator(); entries.increment(failure)) {
    std::error_code ignored;
    if (!entries->is_symlink(ignored) && entries->is_regular_file(ignored)) {
      files.push_back(entries->path());
    }
  }
  if (failure) {
    return Error(ErrorCode::Unavailable,
                 fmt::format("cannot read {}: {}", folder.string(), failure.message()));
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

Status write_zip(const std::string& folder, const std::string& target) {
  const std::string part = target + ".part";
  const auto write = [&]() -> Status {
    MS_TRY(const std::vector<fs::path> files, files_below(folder));
    Archive archive(part);
    for (const fs::path& file : files) {
      MS_TRY_STATUS(archive.add(file.string(), file.lexically_relative(folder).generic_string()));
    }
    return archive.finish();
  };
  Status done = write();
  std::error_code failure;
  if (done) {
    fs::rename(part, target, failure);
    if (!failure) return {};
    done = Error(ErrorCode::Unavailable,
                 fmt::format("cannot write {}: {}", target, failure.message()));
  }
  fs::remove(part, failure);
  return done;
}

}  // namespace moonstone::cli
