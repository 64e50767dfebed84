// Moonstone. Licence: see LICENSE.
#include "identity/json_web_token.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/json.h"

namespace moonstone::identity {
namespace {

/// Claims nest a little (addresses, roles per organisation); beyond is an attack.
constexpr JsonLimits kJsonLimits{.bytes_max = kTokenBytesMax, .depth_max = 16, .nodes_max = 4'096};

/// A key id is compared with those of a key set, never used as a name of anything.
constexpr std::size_t kKeyIdBytesMax = 256;

constexpr std::array kAlgorithms{Algorithm::Hs256, Algorithm::Rs256, Algorithm::Es256,
                                 Algorithm::EdDsa};

Error not_a_token(std::string_view what) {
  return {ErrorCode::Unauthenticated, "the token is not a JSON Web Token: " + std::string(what),
          "not_a_token"};
}

Error bad_token(std::string_view what) {
  return {ErrorCode::Unauthenticated, "the token " + std::string(what), "token"};
}

int value_of_base64url(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  return c == '_' ? 63 : -1;
}

Result<Object> parse_part(std::string_view name, std::string_view text) {
  const auto json = from_base64url(text);
  if (!json) return not_a_token("its " + std::string(name) + " is not base64url");
  auto parsed = parse_json(*json, kJsonLimits);
  if (!parsed || !parsed->is_object()) {
    return not_a_token("its " + std::string(name) + " is not a JSON object within the limits");
  }
  if (repeats_member(*json)) {
    return bad_token("names a member of its " + std::string(name) + " twice");
  }
  return std::move(parsed->as_object());
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

Result<Algorithm> algorithm_of(const Object& header) {
  const auto refuse = [](const std::string& what) {
    return Error(ErrorCode::Unauthenticated, what, "algorithm");
  };
  const Value* name = header.find("alg");
  if (name == nullptr || !name->is_text()) return refuse("the token's header has no \"alg\"");
  for (const Algorithm algorithm : kAlgorithms) {
    if (name->as_text() == to_string(algorithm)) return algorithm;
  }
  if (lower_case(name->as_text()) == "none") return refuse("unsigned tokens are not accepted");
  return refuse("the token's algorithm is not one of HS256, RS256, ES256, EdDSA");
}

/// Refuses headers that change the meaning of what follows.
Status check_header(const Object& header) {
  if (header.find("crit") != nullptr) {
    return bad_token("needs extensions (\"crit\") that are not supported");
  }
  if (const Value* type = header.find("typ")) {
    // Other types (logout tokens, say) are signed with the same keys and mean something else.
    const std::string name = type->is_text() ? lower_case(type->as_text()) : std::string();
    if (name != "jwt" && name != "at+jwt" && name != "application/at+jwt") {
      return bad_token("is of another type (\"typ\") than JWT");
    }
  }
  return {};
}

}  // namespace

std::string_view to_string(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::Hs256:
      return "HS256";
    case Algorithm::Rs256:
      return "RS256";
    case Algorithm::Es256:
      return "ES256";
    case Algorithm::EdDsa:
      return "EdDSA";
  }
  return "";
}

std::string_view ParsedToken::text_claim(std::string_view name) const {
  const Value* value = claims.find(name);
  return value != nullptr && value->is_text() ? std::string_view(value->as_text())
                                              : std::string_view();
}

Result<std::string> from_base64url(std::string_view text) {
  const auto refuse = [] { return Error(ErrorCode::InvalidArgument, "not base64url"); };
  if (text.size() % 4 == 1) return refuse();
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  unsigned bits = 0;
  int bit_count = 0;
  for (const char c : text) {
    const int value = value_of_base64url(c);
    if (value < 0) return refuse();
    bits = (bits << 6U | static_cast<unsigned>(value)) & 0xffffU;
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    bytes +=
        static_cast<char>(static_cast<unsigned char>(bits >> static_cast<unsigned>(bit_count)));
  }
  // Left-over bits that are not zero would be a second spelling of the same bytes.
  if ((bits & ((1U << static_cast<unsigned>(bit_count)) - 1U)) != 0) return refuse();
  return bytes;
}

bool repeats_member(std::string_view json) {
  std::vector<std::set<std::string, std::less<>>> scopes;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '{') scopes.emplace_back();
    if (json[i] == '}') scopes.pop_back();
    if (json[i] != '"') continue;
    const std::size_t begin = i++;
    while (json[i] != '"')
      i += json[i] == '\\' ? 2 : 1;
    // Only a member's name is followed by a colon.
    const std::size_t after = json.find_first_not_of(" \t\r\n", i + 1);
    if (after == std::string_view::npos || json[after] != ':') continue;
    const auto name = parse_json(json.substr(begin, i + 1 - begin));
    if (!name || !scopes.back().insert(name->as_text()).second) return true;
  }
  return false;
}

bool looks_like_token(std::string_view text) {
  return std::ranges::count(text, '.') == 2 &&
         std::ranges::all_of(text, [](char c) { return c == '.' || value_of_base64url(c) >= 0; });
}

Result<ParsedToken> parse_token(std::string_view text) {
  if (text.size() > kTokenBytesMax) {
    return not_a_token("it has more than " + std::to_string(kTokenBytesMax) + " bytes");
  }
  const std::size_t first = text.find('.');
  const std::size_t second =
      first == std::string_view::npos ? std::string_view::npos : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos) {
    return not_a_token("it has not three parts");
  }
  ParsedToken token;
  MS_TRY(const Object header, parse_part("header", text.substr(0, first)));
  MS_TRY(token.algorithm, algorithm_of(header));
  MS_TRY_STATUS(check_header(header));
  if (const Value* key_id = header.find("kid")) {
    if (!key_id->is_text() || key_id->as_text().size() > kKeyIdBytesMax) {
      return bad_token("has a key id (\"kid\") that is not a short text");
    }
    token.key_id = key_id->as_text();
  }
  MS_TRY(token.claims, parse_part("claims", text.substr(first + 1, second - first - 1)));
  token.signed_text = text.substr(0, second);
  auto signature = from_base64url(text.substr(second + 1));
  if (!signature || signature->empty()) return not_a_token("its signature is not base64url");
  token.signature = *std::move(signature);
  return token;
}

}  // namespace moonstone::identity
