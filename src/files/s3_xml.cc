// Moonstone. Licence: see LICENSE.
#include "files/internal/s3_xml.h"

#include <charconv>
#include <chrono>
#include <functional>
#include <utility>

namespace moonstone::files {
namespace {

/// Deeper documents are not S3's.
constexpr std::size_t kDepthMax = 16;

Error malformed() {
  return {ErrorCode::Corruption, "the bucket's answer is no document of S3", "file_store"};
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | (code >> 6));
  } else {
    if (code < 0x10000) {
      put(0xE0 | (code >> 12));
    } else {
      put(0xF0 | (code >> 18));
      put(0x80 | ((code >> 12) & 0x3F));
    }
    put(0x80 | ((code >> 6) & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

/// Appends what `&name;` stands for; false if it is nothing known.
bool append_entity(std::string_view name, std::string& out) {
  constexpr std::pair<std::string_view, char> kNamed[] = {
      {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  for (const auto& [known, c] : kNamed) {
    if (name != known) continue;
    out.push_back(c);
    return true;
  }
  if (!name.starts_with('#')) return false;
  const bool is_hex = name.starts_with("#x");
  const std::string_view digits = name.substr(is_hex ? 2 : 1);
  std::uint32_t code = 0;
  const auto [end, failure] =
      std::from_chars(digits.data(), digits.data() + digits.size(), code, is_hex ? 16 : 10);
  if (failure != std::errc() || end != digits.data() + digits.size() || code > 0x10FFFF) {
    return false;
  }
  append_utf8(code, out);
  return true;
}

bool append_text(std::string_view raw, std::string& out) {
  while (!raw.empty()) {
    const std::size_t ampersand = raw.find('&');
    out.append(raw.substr(0, ampersand));
    if (ampersand == std::string_view::npos) return true;
    raw.remove_prefix(ampersand + 1);
    const std::size_t end = raw.find(';');
    if (end == std::string_view::npos || !append_entity(raw.substr(0, end), out)) return false;
    raw.remove_prefix(end + 1);
  }
  return true;
}

/// Walks a document and reports each element at its end: its path ("Root/Child") and its text.
using OnElement = std::function<void(std::string_view path, const std::string& text)>;

class Walker {
 public:
  Walker(std::string_view xml, const OnElement& on_element) : rest_(xml), on_element_(on_element) {}

  Status walk() {
    while (true) {
      const std::size_t open = rest_.find('<');
      if (!append_text(rest_.substr(0, open), text_)) return malformed();
      if (open == std::string_view::npos) break;
      rest_.remove_prefix(open + 1);
      MS_TRY_STATUS(rest_.starts_with("!--") ? skip_to("-->") : tag());
    }
    if (!lengths_.empty()) return malformed();
    return {};
  }

 private:
  Status skip_to(std::string_view end) {
    const std::size_t at = rest_.find(end);
    if (at == std::string_view::npos) return malformed();
    rest_.remove_prefix(at + end.size());
    return {};
  }

  Status tag() {
    const std::size_t end = rest_.find('>');
    if (end == std::string_view::npos || rest_.starts_with('!')) return malformed();
    std::string_view inside = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    if (inside.starts_with('?')) return {};
    if (inside.starts_with('/')) return close(inside.substr(1));
    const bool is_empty = inside.ends_with('/');
    if (is_empty) inside.remove_suffix(1);
    const std::string_view name = inside.substr(0, inside.find_first_of(" \t\r\n"));
    if (name.empty() || lengths_.size() >= kDepthMax) return malformed();
    lengths_.push_back(path_.size());
    if (!path_.empty()) path_ += '/';
    path_ += name;
    text_.clear();
    return is_empty ? close(name) : Status();
  }

  Status close(std::string_view name) {
    name = name.substr(0, name.find_first_of(" \t\r\n"));
    if (lengths_.empty()) return malformed();
    const std::size_t start = lengths_.back() == 0 ? 0 : lengths_.back() + 1;
    if (std::string_view(path_).substr(start) != name) return malformed();
    on_element_(path_, text_);
    text_.clear();
    path_.resize(lengths_.back());
    lengths_.pop_back();
    return {};
  }

  std::string_view rest_;
  const OnElement& on_element_;
  std::string path_;
  std::vector<std::size_t> lengths_;  // of the path before each open element
  std::string text_;                  // since the last tag
};

Status walk(std::string_view xml, const OnElement& on_element) {
  return Walker(xml, on_element).walk();
}

/// "2009-10-12T17:50:30.000Z"; 0, long ago, if it is anything else.
std::int64_t unix_ms_of(std::string_view text) {
  const auto number = [&](std::size_t at, std::size_t count) {
    int value = -1;
    if (at + count <= text.size()) {
      std::from_chars(text.data() + at, text.data() + at + count, value);
    }
    return value;
  };
  const std::chrono::year_month_day date(std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2))));
  const int hour = number(11, 2);
  const int minute = number(14, 2);
  const int second = number(17, 2);
  if (!date.ok() || hour < 0 || minute < 0 || second < 0) return 0;
  const std::chrono::sys_seconds moment = std::chrono::sys_days(date) + std::chrono::hours(hour) +
                                          std::chrono::minutes(minute) +
                                          std::chrono::seconds(second);
  return moment.time_since_epoch().count() * 1000;
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

Result<ObjectPage> parse_object_page(std::string_view xml) {
  ObjectPage page;
  ListedObject object;
  bool is_truncated = false;
  bool is_list = false;
  MS_TRY_STATUS(walk(xml, [&](std::string_view path, const std::string& text) {
    if (path == "ListBucketResult") is_list = true;
    if (path == "ListBucketResult/IsTruncated") is_truncated = text == "true";
    if (path == "ListBucketResult/NextContinuationToken") page.next = text;
    if (path == "ListBucketResult/Contents/Key") object.key = text;
    if (path == "ListBucketResult/Contents/Size") object.size = number_of(text);
    if (path == "ListBucketResult/Contents/LastModified") {
      object.modified_unix_ms = unix_ms_of(text);
    }
    if (path == "ListBucketResult/Contents") page.objects.push_back(std::exchange(object, {}));
  }));
  if (!is_list || is_truncated == page.next.empty()) return malformed();
  return page;
}

Result<UploadPage> parse_upload_page(std::string_view xml) {
  UploadPage page;
  ListedUpload upload;
  bool is_truncated = false;
  bool is_list = false;
  MS_TRY_STATUS(walk(xml, [&](std::string_view path, const std::string& text) {
    if (path == "ListMultipartUploadsResult") is_list = true;
    if (!path.starts_with("ListMultipartUploadsResult/")) return;
    path.remove_prefix(std::string_view("ListMultipartUploadsResult/").size());
    if (path == "IsTruncated") is_truncated = text == "true";
    if (path == "NextKeyMarker") page.next_key = text;
    if (path == "NextUploadIdMarker") page.next_upload_id = text;
    if (path == "Upload/Key") upload.key = text;
    if (path == "Upload/UploadId") upload.upload_id = text;
    if (path == "Upload/Initiated") upload.initiated_unix_ms = unix_ms_of(text);
    if (path == "Upload") page.uploads.push_back(std::exchange(upload, {}));
  }));
  if (!is_list) return malformed();
  if (!is_truncated) page.next_key.clear();
  return page;
}

Result<std::string> parse_upload_id(std::string_view xml) {
  std::string id;
  MS_TRY_STATUS(walk(xml, [&](std::string_view path, const std::string& text) {
    if (path == "InitiateMultipartUploadResult/UploadId") id = text;
  }));
  if (id.empty()) return malformed();
  return id;
}

std::string error_text_of(std::string_view xml) {
  std::string code;
  std::string message;
  const Status walked = walk(xml, [&](std::string_view path, const std::string& text) {
    if (path == "Error/Code") code = text;
    if (path == "Error/Message") message = text;
  });
  if (!walked || code.empty()) return {};
  return message.empty() ? code : code + ": " + message;
}

std::string escape_xml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped.push_back(c);
    }
  }
  return escaped;
}

}  // namespace moonstone::files
