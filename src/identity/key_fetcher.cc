// Moonstone. Licence: see LICENSE.
// The only file of this module that knows libcurl.
#include "identity/key_fetcher.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <utility>

#include <curl/curl.h>

#include "identity/key_set.h"

namespace moonstone::identity {
namespace {

/// From looking up the name to the last byte. Whoever sends a token waits for it at most this long.
constexpr std::chrono::milliseconds kFetchTimeMax{5'000};
constexpr std::size_t kUrlBytesMax = 2'000;

struct Transfer {
  std::string body;
  bool is_too_long = false;
  std::stop_token stop;
};

std::size_t take_bytes(char* bytes, std::size_t size, std::size_t count, void* target) {
  auto& transfer = *static_cast<Transfer*>(target);
  const std::size_t added = size * count;
  if (transfer.body.size() + added > kKeySetBytesMax) {
    transfer.is_too_long = true;
    return 0;  // curl ends the transfer
  }
  transfer.body.append(bytes, added);
  return added;
}

int watch_stop(void* target, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(target)->stop.stop_requested() ? 1 : 0;
}

struct CurlCloser {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlHandle = std::unique_ptr<CURL, CurlCloser>;

void configure(CURL* handle, const std::string& url, Transfer& transfer) {
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(kFetchTimeMax.count()));
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "moonstone");
  curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_bytes);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, watch_stop);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
}

class UrlFetcher final : public KeyFetcher {
 public:
  UrlFetcher() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  }

  Result<std::string> fetch(const std::string& place, std::stop_token stop) override {
    const auto failed = [&](const std::string& what) {
      return Error(ErrorCode::Unavailable, place + ": " + what, "keys_unavailable");
    };
    if (!is_key_url(place)) return failed("not an http(s) URL");
    const CurlHandle handle(curl_easy_init());
    if (!handle) return failed("no transfer could be started");
    Transfer transfer{.body = {}, .stop = std::move(stop)};
    configure(handle.get(), place, transfer);
    const CURLcode code = curl_easy_perform(handle.get());
    if (transfer.is_too_long) {
      return Error(ErrorCode::LimitExceeded,
                   place + ": more than " + std::to_string(kKeySetBytesMax) + " bytes",
                   "keys_unavailable");
    }
    if (code != CURLE_OK) return failed(curl_easy_strerror(code));
    long status = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) return failed("the answer has the status " + std::to_string(status));
    return std::move(transfer.body);
  }
};

class FileFetcher final : public KeyFetcher {
 public:
  Result<std::string> fetch(const std::string& place, std::stop_token /*stop*/) override {
    const auto close = [](std::FILE* file) { std::fclose(file); };
    const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(place.c_str(), "rb"), close);
    if (!file) {
      return Error(ErrorCode::Unavailable, place + ": cannot be read", "keys_unavailable");
    }
    std::string text(kKeySetBytesMax + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    if (text.size() <= kKeySetBytesMax) return text;
    return Error(ErrorCode::LimitExceeded,
                 place + ": more than " + std::to_string(kKeySetBytesMax) + " bytes",
                 "keys_unavailable");
  }
};

}  // namespace

KeyFetcherPtr make_url_fetcher() {
  return std::make_shared<UrlFetcher>();
}

KeyFetcherPtr make_file_fetcher() {
  return std::make_shared<FileFetcher>();
}

bool is_key_url(std::string_view text) {
  if (text.size() > kUrlBytesMax) return false;
  const bool is_plain = std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20U || byte >= 0x7fU || c == '#' || c == '\\';
  });
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view rest = text.substr(scheme.size());
    const std::string_view host = rest.substr(0, rest.find_first_of("/?"));
    return is_plain && !host.empty() && host.find('@') == std::string_view::npos;
  }
  return false;
}

}  // namespace moonstone::identity
