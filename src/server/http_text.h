// Moonstone. Licence: see LICENSE.
#pragma once
// The text of HTTP/1.1 that the server judges and writes itself: the framing rules of a head,
// request targets, response heads. Knows no socket.
// Threads: pure functions.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocol/transport.h"

namespace moonstone::server {

/// Header fields of one request. Browsers send about 20; a parser's cost grows with each.
inline constexpr std::size_t kHeaderFieldsMax = 128;

/// Why a request is refused before any Application sees it.
struct Refusal {
  int status = 400;
  std::string message;
};

/// Checks the raw head (request line to the empty line): CRLF line ends only, no U+0000, no
/// obsolete folding, a bounded number of fields. Lenient line ends are how requests are smuggled
/// past a proxy.
[[nodiscard]] std::optional<Refusal> check_head(std::string_view head);

/// Checks the parsed fields: one well-formed Host (HTTP/1.1), one plain Content-Length or
/// `chunked`, never both.
enum class HttpVersion : unsigned char { Http10, Http11 };
[[nodiscard]] std::optional<Refusal> check_fields(const std::vector<protocol::Header>& headers,
                                                  HttpVersion version);

struct Target {
  std::string path;   // decoded and normalised
  std::string query;  // raw, without '?'
};

/// Reads origin-form, absolute-form (its authority is dropped) and, for OPTIONS, `*` (as `/`).
/// Percent escapes are decoded first, dot segments removed afterwards, so that `%2e%2e` cannot
/// hide. Errors: InvalidArgument for a bad escape, U+0000, text that is not UTF-8, or `..` above
/// the root.
[[nodiscard]] Result<Target> parse_target(std::string_view method, std::string_view target);

/// What a response head says besides the response's own headers.
enum class ConnectionHeader : unsigned char { None, KeepAlive, Close };

/// How the other side finds the end of a body.
enum class BodyFraming : unsigned char { Length, Chunked, UntilClose };
[[nodiscard]] BodyFraming framing_of(const protocol::HttpResponse& response, HttpVersion version);

/// Whether a peer's name for its request is taken over: 1 to 64 characters that need no quoting in
/// a header, a log line or a URL.
[[nodiscard]] bool is_request_id(std::string_view text);

/// The response's head up to the empty line, with Content-Length, Date and Connection.
/// Nothing if a header could not be written without splitting the response.
[[nodiscard]] std::optional<std::string> render_head(const protocol::HttpResponse& response,
                                                     BodyFraming framing,
                                                     ConnectionHeader connection,
                                                     std::int64_t unix_ms);

/// Whether a response of that status has a body at all (not 1xx, 204, 304).
[[nodiscard]] bool has_body(int status);

/// "Sun, 06 Nov 1994 08:49:37 GMT".
[[nodiscard]] std::string http_date(std::int64_t unix_ms);

/// A plain-text response.
[[nodiscard]] protocol::HttpResponse text_response(int status, std::string_view text);

}  // namespace moonstone::server
