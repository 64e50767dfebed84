// Moonstone. Licence: see LICENSE.
#include "files/file_links.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/json.h"

namespace moonstone::files {
namespace {

constexpr std::size_t kSecretBytes = 32;

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

/// Percent decoding; what is malformed stays as it is and matches nothing.
std::string decode_component(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (high && low) {
        decoded.push_back(static_cast<char>(*high * 16 + *low));
        i += 2;
        continue;
      }
    }
    decoded.push_back(text[i] == '+' ? ' ' : text[i]);
  }
  return decoded;
}

Error secret_error(const std::string& path, int failure) {
  return {ErrorCode::Unavailable,
          "cannot keep the secret of signed links in " + path + ": " +
              std::generic_category().message(failure),
          "file_store"};
}

Result<std::string> read_secret(int descriptor, const std::string& path) {
  std::string hex(kSecretBytes * 2 + 1, '\0');
  const ::ssize_t count = ::read(descriptor, hex.data(), hex.size());
  if (count < 0) return secret_error(path, errno);
  hex.resize(static_cast<std::size_t>(count));
  if (hex.size() == kSecretBytes * 2) return hex;
  return Error(ErrorCode::Corruption,
               path +
                   " is no secret of ours; delete it to get a new one (signed links that are "
                   "out then stop working)");
}

}  // namespace

Result<std::optional<std::int64_t>> read_expiry(const Value& options) {
  constexpr std::string_view kName = "expiresIn";
  const auto refused = [](const std::string& why) {
    return Error(ErrorCode::InvalidArgument, "storage.getUrl(): " + why);
  };
  if (options.is_undefined() || options.is_null()) return std::nullopt;
  if (!options.is_object()) return refused("the options are an object, got " + to_json(options));
  std::optional<std::int64_t> expiry;
  for (const Member& member : options.as_object()) {
    if (member.name != kName) {
      return refused("unknown option \"" + member.name + "\"; there is expiresIn");
    }
    const Value& seconds = member.value;
    if (seconds.is_undefined()) continue;
    const double number = seconds.is_integer() || seconds.is_number() ? seconds.to_double() : 0;
    if (number < 1 || number > FileLinks::kExpirySecondsMax || number != std::floor(number)) {
      return refused("expiresIn is a whole number of seconds from 1 to " +
                     std::to_string(FileLinks::kExpirySecondsMax) + ", got " + to_json(seconds));
    }
    expiry = static_cast<std::int64_t>(number);
  }
  return expiry;
}

std::optional<std::string> query_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (decode_component(pair.substr(0, equals)) != name) continue;
    return equals == std::string_view::npos ? std::string()
                                            : decode_component(pair.substr(equals + 1));
  }
  return std::nullopt;
}

std::string FileLinks::signature_of(std::string_view storage_id, std::string_view expires) const {
  std::string text = "file\n";
  text.append(storage_id).append("\n").append(expires);
  return to_hex(hmac_sha256(secret_, text));
}

std::string FileLinks::url_of(std::string_view base_url,
                              std::string_view storage_id,
                              std::optional<std::int64_t> expires_in_s,
                              std::int64_t now_unix_ms) const {
  std::string url(base_url);
  url.append("/storage/").append(storage_id);
  if (!expires_in_s && options_.access == Access::Public) return url;
  const std::string expires =
      std::to_string(now_unix_ms / 1000 + expires_in_s.value_or(options_.expires_in_s));
  url.append("?expires=").append(expires);
  url.append("&signature=").append(signature_of(storage_id, expires));
  return url;
}

std::string FileLinks::upload_url_of(std::string_view base_url, std::string_view token) {
  std::string url(base_url);
  url.append("/storage/upload?token=").append(token);
  return url;
}

Result<std::optional<std::int64_t>> FileLinks::check(std::string_view storage_id,
                                                     std::string_view query,
                                                     std::int64_t now_unix_ms) const {
  const auto expires = query_parameter(query, "expires");
  const auto signature = query_parameter(query, "signature");
  if (!expires && !signature && options_.access == Access::Public) return std::nullopt;
  const Error refused(ErrorCode::PermissionDenied, "Invalid or expired link", "file_link");
  if (!expires || !signature) return refused;
  if (!equal_secrets(*signature, signature_of(storage_id, *expires))) return refused;
  std::int64_t second = 0;
  const auto [end, failure] =
      std::from_chars(expires->data(), expires->data() + expires->size(), second);
  if (failure != std::errc() || end != expires->data() + expires->size()) return refused;
  const std::int64_t left = second - now_unix_ms / 1000;
  if (left <= 0) return refused;
  return left;
}

Result<std::string> load_link_secret(const std::string& path, Random& random) {
  if (const int old = ::open(path.c_str(), O_RDONLY | O_CLOEXEC); old >= 0) {
    auto secret = read_secret(old, path);
    ::close(old);
    return secret;
  }
  if (errno != ENOENT) return secret_error(path, errno);
  std::string bytes;
  while (bytes.size() < kSecretBytes) {
    const std::uint64_t number = random.next();
    bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }
  std::string secret = to_hex(bytes);
  // Under another name first: a crash leaves no half of a secret.
  const std::string draft = path + ".new";
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return secret_error(draft, errno);
  const bool is_written =
      ::write(file, secret.data(), secret.size()) == static_cast<::ssize_t>(secret.size()) &&
      ::fsync(file) == 0;
  const int failure = errno;
  ::close(file);
  if (!is_written) return secret_error(draft, failure);
  if (::rename(draft.c_str(), path.c_str()) != 0) return secret_error(path, errno);
  return secret;
}

}  // namespace moonstone::files
