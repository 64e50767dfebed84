// Moonstone. Licence: see LICENSE.
#include "server/http_text.h"

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

#include "base/encoding.h"

namespace moonstone::server {
namespace {

struct StatusText {
  int status;
  std::string_view text;
};

constexpr std::array kStatusTexts = {
    StatusText{100, "Continue"},
    StatusText{101, "Switching Protocols"},
    StatusText{200, "OK"},
    StatusText{201, "Created"},
    StatusText{202, "Accepted"},
    StatusText{204, "No Content"},
    StatusText{206, "Partial Content"},
    StatusText{301, "Moved Permanently"},
    StatusText{302, "Found"},
    StatusText{303, "See Other"},
    StatusText{304, "Not Modified"},
    StatusText{307, "Temporary Redirect"},
    StatusText{308, "Permanent Redirect"},
    StatusText{400, "Bad Request"},
    StatusText{401, "Unauthorized"},
    StatusText{403, "Forbidden"},
    StatusText{404, "Not Found"},
    StatusText{405, "Method Not Allowed"},
    StatusText{408, "Request Timeout"},
    StatusText{409, "Conflict"},
    StatusText{413, "Content Too Large"},
    StatusText{416, "Range Not Satisfiable"},
    StatusText{417, "Expectation Failed"},
    StatusText{422, "Unprocessable Content"},
    StatusText{426, "Upgrade Required"},
    StatusText{429, "Too Many Requests"},
    StatusText{431, "Request Header Fields Too Large"},
    StatusText{500, "Internal Server Error"},
    StatusText{501, "Not Implemented"},
    StatusText{503, "Service Unavailable"},
};

/// An unknown status gets an empty phrase, which HTTP allows.
std::string_view status_text(int status) {
  const auto found = std::ranges::find(kStatusTexts, status, &StatusText::status);
  return found == kStatusTexts.end() ? std::string_view() : found->text;
}

bool is_token(std::string_view text) {
  static constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kSigns.contains(c);
  });
}

/// The characters of `uri-host [":" port]` (RFC 9112, 3.2). A host goes into addresses that we give
/// out, so nothing may hide in it.
bool is_host(std::string_view text) {
  static constexpr std::string_view kSigns = "-._~%!$&'()*+,;=:[]";
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kSigns.contains(c);
  });
}

bool is_field_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

/// The server alone decides on these; an Application that sets them would break the framing.
bool is_framing_header(std::string_view name) {
  constexpr std::array<std::string_view, 6> kFraming = {
      "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Date", "Upgrade"};
  return std::ranges::any_of(
      kFraming, [name](std::string_view other) { return protocol::same_header_name(name, other); });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decode_percent(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return Error(ErrorCode::InvalidArgument,
                   "the path has a '%' that is not followed by two hexadecimal digits; write %25");
    }
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  if (out.contains('\0')) {
    return Error(ErrorCode::InvalidArgument, "the path contains U+0000 (%00)");
  }
  if (!is_utf8(out)) return Error(ErrorCode::InvalidArgument, "the path is not UTF-8");
  return out;
}

/// Removes `.` and `..` segments of a path that begins with '/'.
Result<std::string> remove_dot_segments(std::string_view path) {
  if (!path.contains("/.")) return std::string(path);
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(1, end - 1);
    const bool is_last = end == path.size();
    path.remove_prefix(end);
    if (segment == "." || segment == "..") {
      if (segment == "..") {
        if (out.empty()) {
          return Error(ErrorCode::InvalidArgument, "the path leaves the root ('..')");
        }
        out.resize(out.rfind('/'));
      }
      if (is_last) out.push_back('/');
    } else {
      out.push_back('/');
      out.append(segment);
    }
  }
  return out;
}

/// Cuts `scheme://authority` off an absolute-form target.
std::optional<std::string_view> strip_authority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() > scheme.size() &&
        protocol::same_header_name(target.substr(0, scheme.size()), scheme)) {
      target.remove_prefix(scheme.size());
      const std::size_t end = std::min(target.find_first_of("/?"), target.size());
      if (end == 0) return std::nullopt;
      return target.substr(end);
    }
  }
  return std::nullopt;
}

std::size_t count_named(const std::vector<protocol::Header>& headers, std::string_view name) {
  return static_cast<std::size_t>(
      std::ranges::count_if(headers, [name](const protocol::Header& header) {
        return protocol::same_header_name(header.name, name);
      }));
}

}  // namespace

std::optional<Refusal> check_head(std::string_view head) {
  std::size_t lines = 0;
  while (!head.empty()) {
    const std::size_t end = head.find('\n');
    if (end == std::string_view::npos || end == 0 || head[end - 1] != '\r') {
      return Refusal{400, "a line of the head does not end with CR LF"};
    }
    const std::string_view line = head.substr(0, end - 1);
    head.remove_prefix(end + 1);
    if (line.contains('\r') || line.contains('\0')) {
      return Refusal{400, "the head contains a bare CR or U+0000"};
    }
    if (line.starts_with(' ') || line.starts_with('\t')) {
      return Refusal{400, "a header is folded over several lines; write it on one"};
    }
    if (++lines > kHeaderFieldsMax + 2) {
      return Refusal{431, fmt::format("more than {} header fields", kHeaderFieldsMax)};
    }
  }
  return std::nullopt;
}

std::optional<Refusal> check_fields(const std::vector<protocol::Header>& headers,
                                    HttpVersion version) {
  const std::size_t hosts = count_named(headers, "Host");
  if (hosts > 1 || (hosts == 0 && version == HttpVersion::Http11)) {
    return Refusal{400, "a request needs exactly one Host header"};
  }
  const std::size_t lengths = count_named(headers, "Content-Length");
  const std::size_t encodings = count_named(headers, "Transfer-Encoding");
  if (lengths > 0 && encodings > 0) {
    return Refusal{400, "Content-Length and Transfer-Encoding exclude each other"};
  }
  if (lengths > 1 || encodings > 1) {
    return Refusal{400, "Content-Length or Transfer-Encoding is given twice"};
  }
  if (encodings > 0 && version == HttpVersion::Http10) {
    return Refusal{400, "HTTP/1.0 has no Transfer-Encoding"};
  }
  for (const protocol::Header& header : headers) {
    if (protocol::same_header_name(header.name, "Host") && !is_host(header.value)) {
      return Refusal{400, "the Host header is not a host with an optional port"};
    }
    if (protocol::same_header_name(header.name, "Content-Length") &&
        header.value.find_first_not_of("0123456789") != std::string::npos) {
      return Refusal{400, "Content-Length is not one number"};
    }
    if (protocol::same_header_name(header.name, "Transfer-Encoding") &&
        !protocol::same_header_name(header.value, "chunked")) {
      return Refusal{501, "the only Transfer-Encoding understood is chunked"};
    }
  }
  return std::nullopt;
}

Result<Target> parse_target(std::string_view method, std::string_view target) {
  if (target == "*" && method == "OPTIONS") return Target{.path = "/", .query = ""};
  if (!target.starts_with('/')) {
    const std::optional<std::string_view> rest = strip_authority(target);
    if (!rest.has_value()) {
      return Error(ErrorCode::InvalidArgument, "the request target is neither a path nor a URL");
    }
    target = *rest;
  }
  if (target.contains('#')) {
    return Error(ErrorCode::InvalidArgument, "the request target contains '#'; write %23");
  }
  const std::size_t question = std::min(target.find('?'), target.size());
  Target out;
  if (question < target.size()) out.query = std::string(target.substr(question + 1));
  MS_TRY(const std::string decoded, decode_percent(target.substr(0, question)));
  MS_TRY(out.path, remove_dot_segments(decoded.empty() ? std::string_view("/") : decoded));
  return out;
}

std::optional<std::string> render_head(const protocol::HttpResponse& response,
                                       BodyFraming framing,
                                       ConnectionHeader connection,
                                       std::int64_t unix_ms) {
  if (response.status < 200 || response.status > 599) return std::nullopt;
  std::string out = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                                status_text(response.status), http_date(unix_ms));
  for (const protocol::Header& header : response.headers) {
    if (is_framing_header(header.name)) continue;
    if (!is_token(header.name) || !is_field_value(header.value)) return std::nullopt;
    fmt::format_to(std::back_inserter(out), "{}: {}\r\n", header.name, header.value);
  }
  if (has_body(response.status) && framing == BodyFraming::Length) {
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n",
                   response.stream != nullptr ? response.stream_bytes.value_or(0)
                                              : std::uint64_t{response.body.size()});
  }
  if (has_body(response.status) && framing == BodyFraming::Chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  }
  if (connection == ConnectionHeader::Close) out += "Connection: close\r\n";
  if (connection == ConnectionHeader::KeepAlive) out += "Connection: keep-alive\r\n";
  out += "\r\n";
  return out;
}

BodyFraming framing_of(const protocol::HttpResponse& response, HttpVersion version) {
  if (response.stream == nullptr || response.stream_bytes) return BodyFraming::Length;
  return version == HttpVersion::Http10 ? BodyFraming::UntilClose : BodyFraming::Chunked;
}

bool is_request_id(std::string_view text) {
  constexpr std::size_t kLengthMax = 64;
  return !text.empty() && text.size() <= kLengthMax && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  });
}

bool has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

std::string http_date(std::int64_t unix_ms) {
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return "Thu, 01 Jan 1970 00:00:00 GMT";
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                     kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

protocol::HttpResponse text_response(int status, std::string_view text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::string(text)};
}

}  // namespace moonstone::server
