// Moonstone. Licence: see LICENSE.
#include "cli/http_client.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include <fmt/format.h>

namespace moonstone::cli {
namespace {

using std::chrono::steady_clock;

/// Bytes of a file that are held in memory while it is sent.
constexpr std::size_t kFilePieceBytes = std::size_t{64} * 1024;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return out;
}

struct Head {
  int status = 0;
  std::optional<std::size_t> length;
  bool is_chunked = false;
  std::string content_type;
};

Error not_http() {
  return {ErrorCode::InvalidArgument, "the answer is not HTTP"};
}

Status take_header(std::string_view line, Head& head) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return not_http();
  std::string_view value = line.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  const std::string name = lower(line.substr(0, colon));
  if (name == "content-length") {
    std::size_t length = 0;
    const auto parsed = std::from_chars(value.data(), value.data() + value.size(), length);
    if (parsed.ec != std::errc()) return not_http();
    head.length = length;
  } else if (name == "transfer-encoding") {
    head.is_chunked = lower(value) == "chunked";
  } else if (name == "content-type") {
    head.content_type = value;
  }
  return {};
}

/// The head without its empty line.
Result<Head> parse_head(std::string_view text) {
  Head head;
  if (!text.starts_with("HTTP/1.") || text.size() < 12) return not_http();
  const auto [end, failed] = std::from_chars(text.data() + 9, text.data() + 12, head.status);
  if (failed != std::errc() || end != text.data() + 12) return not_http();
  while (true) {
    const std::size_t line_end = text.find("\r\n");
    if (line_end == std::string_view::npos) return head;
    text.remove_prefix(line_end + 2);
    MS_TRY_STATUS(take_header(text.substr(0, text.find("\r\n")), head));
  }
}

/// One request under way.
class Exchange {
 public:
  Exchange(const Url& url, const HttpCall& call) : url_(url), call_(call) {
    if (call.time_max.count() > 0 || !call.on_body) {
      connection_.set_deadline(steady_clock::now() + call.time_max);
    }
  }

  Result<HttpReply> run() {
    MS_TRY_STATUS(connection_.connect(url_));
    MS_TRY_STATUS(send());
    MS_TRY(head_, receive_head());
    reply_.status = head_.status;
    reply_.content_type = head_.content_type;
    MS_TRY_STATUS(receive_body());
    return std::move(reply_);
  }

 private:
  Status send() {
    std::size_t length = call_.body.size();
    if (!call_.body_file.empty()) {
      std::error_code failed;
      length = std::filesystem::file_size(call_.body_file, failed);
      if (failed) {
        return Error(ErrorCode::NotFound,
                     fmt::format("cannot read {}: {}", call_.body_file, failed.message()));
      }
    }
    std::string head =
        fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", call_.method, url_.path, url_.authority());
    if (length > 0 || call_.method != "GET") head += fmt::format("Content-Length: {}\r\n", length);
    head += "Connection: close\r\n";
    for (const auto& [name, value] : call_.headers)
      head += fmt::format("{}: {}\r\n", name, value);
    head += "\r\n";
    if (call_.body_file.empty()) return connection_.send(head + call_.body);
    MS_TRY_STATUS(connection_.send(head));
    return send_file(length);
  }

  Status send_file(std::size_t length) {
    std::ifstream file(call_.body_file, std::ios::binary);
    std::string piece(kFilePieceBytes, '\0');
    while (length > 0) {
      const std::size_t wanted = std::min(length, piece.size());
      if (!file.read(piece.data(), static_cast<std::streamsize>(wanted))) {
        return Error(ErrorCode::Unavailable, fmt::format("cannot read {}", call_.body_file));
      }
      MS_TRY_STATUS(connection_.send(std::string_view(piece).substr(0, wanted)));
      length -= wanted;
    }
    return {};
  }

  Result<Head> receive_head() {
    std::size_t head_end = std::string::npos;
    while ((head_end = raw_.find("\r\n\r\n")) == std::string::npos) {
      if (raw_.size() > kResponseHeadBytesMax) return not_http();
      MS_TRY(const bool goes_on, connection_.receive(raw_));
      if (!goes_on && raw_.empty()) {
        return Error(ErrorCode::Unavailable, "the connection was closed without an answer");
      }
      if (!goes_on) return not_http();
    }
    MS_TRY(Head head, parse_head(std::string_view(raw_).substr(0, head_end)));
    raw_.erase(0, head_end + 4);
    return head;
  }

  Status receive_body() {
    if (head_.length && *head_.length == 0 && !head_.is_chunked) return {};
    while (true) {
      MS_TRY(const bool is_complete, head_.is_chunked ? take_chunks() : take_plain());
      if (is_complete) return {};
      MS_TRY(const bool goes_on, connection_.receive(raw_));
      if (goes_on) continue;
      if (!head_.is_chunked && !head_.length) return {};
      return Error(ErrorCode::Unavailable, "the connection was cut off");
    }
  }

  /// Takes what has arrived of a body of known length, or of one that ends with the connection.
  Result<bool> take_plain() {
    if (head_.length) raw_.resize(std::min(raw_.size(), *head_.length - taken_));
    taken_ += raw_.size();
    MS_TRY_STATUS(deliver(raw_));
    raw_.clear();
    return head_.length && taken_ == *head_.length;
  }

  /// Takes the chunks that are complete; true after the last one.
  Result<bool> take_chunks() {
    while (true) {
      const std::size_t line_end = raw_.find("\r\n");
      if (line_end == std::string::npos) {
        if (raw_.size() > kResponseHeadBytesMax) return not_http();
        return false;
      }
      std::size_t size = 0;
      const auto parsed = std::from_chars(raw_.data(), raw_.data() + line_end, size, 16);
      if (parsed.ec != std::errc() || size > kResponseBodyBytesMax) return not_http();
      if (size == 0) return true;
      if (raw_.size() < line_end + 2 + size + 2) return false;
      MS_TRY_STATUS(deliver(std::string_view(raw_).substr(line_end + 2, size)));
      raw_.erase(0, line_end + 2 + size + 2);
    }
  }

  Status deliver(std::string_view bytes) {
    if (call_.on_body && head_.status / 100 == 2) return call_.on_body(bytes);
    if (reply_.body.size() + bytes.size() > kResponseBodyBytesMax) {
      return Error(ErrorCode::LimitExceeded, "the answer is too large");
    }
    reply_.body += bytes;
    return {};
  }

  const Url& url_;
  const HttpCall& call_;
  Connection connection_;
  std::string raw_;  // received, not yet taken
  Head head_;
  std::size_t taken_ = 0;
  HttpReply reply_;
};

}  // namespace

Result<HttpReply> call(const HttpCall& call) {
  MS_TRY(const Url url, parse_url(call.url));
  auto reply = Exchange(url, call).run();
  if (!reply) return std::move(reply).error().with_context(call.url);
  return reply;
}

Result<HttpReply> post(const HttpPost& request) {
  HttpCall made{.method = "POST",
                .url = request.url,
                .headers = {{"Content-Type", "application/json"}},
                .body = request.body,
                .time_max = request.time_max};
  made.headers.insert(made.headers.end(), request.headers.begin(), request.headers.end());
  return call(made);
}

}  // namespace moonstone::cli
