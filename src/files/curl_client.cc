// Moonstone. Licence: see LICENSE.
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <curl/curl.h>

#include "base/guarded.h"
#include "files/internal/http_client.h"

namespace moonstone::files {
namespace {

constexpr long kConnectTimeoutS = 10;
/// A transfer that stands still for that long is lost; large ones may take their time.
constexpr long kStallTimeoutS = 30;
/// Kept for their open connections; more of them than transfer threads are never needed.
constexpr std::size_t kIdleHandlesMax = 8;

struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, FreeHandle>;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

bool same_name(std::string_view line, std::string_view lower_name) {
  if (line.size() <= lower_name.size() || line[lower_name.size()] != ':') return false;
  for (std::size_t i = 0; i < lower_name.size(); ++i) {
    const char c = line[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != lower_name[i]) return false;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// One transfer: what libcurl's callbacks see.
struct Transfer {
  const HttpCall& call;
  const std::atomic<bool>& is_stopped;
  HttpAnswer answer;
  bool is_too_long = false;
};

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* transfer_pointer) {
  auto& transfer = *static_cast<Transfer*>(transfer_pointer);
  const std::size_t total = size * count;
  if (transfer.answer.body.size() + total > transfer.call.answer_bytes_max) {
    transfer.is_too_long = true;
    return 0;
  }
  transfer.answer.body.append(bytes, total);
  return total;
}

std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* transfer_pointer) {
  auto& answer = static_cast<Transfer*>(transfer_pointer)->answer;
  const std::string_view line(bytes, size * count);
  if (same_name(line, "etag")) answer.etag = trimmed(line.substr(5));
  if (line.starts_with("HTTP/")) answer.etag.clear();  // an interim answer came before
  return line.size();
}

int on_progress(void* transfer_pointer, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(transfer_pointer)->is_stopped ? 1 : 0;
}

void start_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

/// The variadic function of libcurl, for options whose type the compiler has checked.
template <class Argument>
void set(CURL* handle, CURLoption option, Argument argument) {
  curl_easy_setopt(handle, option, argument);
}

void set_method(CURL* handle, const HttpCall& call) {
  if (call.method == "GET") return set(handle, CURLOPT_HTTPGET, 1L);
  if (call.method == "HEAD") return set(handle, CURLOPT_NOBODY, 1L);
  if (call.method == "PUT" || call.method == "POST") {
    set(handle, CURLOPT_POST, 1L);
    set(handle, CURLOPT_POSTFIELDS, call.body.data() == nullptr ? "" : call.body.data());
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  }
  set(handle, CURLOPT_CUSTOMREQUEST, call.method.c_str());
}

HeaderList headers_of(const HttpCall& call) {
  HeaderList list;
  const auto add = [&](const std::string& line) {
    list.reset(curl_slist_append(list.release(), line.c_str()));
  };
  add("Expect:");        // saves a round trip; a refusal comes soon enough
  add("Content-Type:");  // libcurl would say that it is a form
  for (const auto& [name, value] : call.headers)
    add(name + ": " + value);
  return list;
}

class CurlClient final : public HttpClient {
 public:
  CurlClient() { start_curl(); }

  Result<HttpAnswer> send(const HttpCall& call) override {
    Handle handle = take();
    if (handle == nullptr) return Error(ErrorCode::Unavailable, "no memory for a transfer");
    Transfer transfer{.call = call, .is_stopped = is_stopped_, .answer = {}};
    const HeaderList headers = headers_of(call);
    prepare(handle.get(), transfer, headers.get());
    const CURLcode outcome = curl_easy_perform(handle.get());
    if (is_stopped_) return Error(ErrorCode::Cancelled, "the file store is closing");
    if (transfer.is_too_long) {
      return Error(ErrorCode::Unavailable, call.url + " answered with more than was asked for",
                   "file_store");
    }
    if (outcome != CURLE_OK) {
      return Error(ErrorCode::Unavailable,
                   "cannot reach " + call.url.substr(0, call.url.find('?')) + ": " +
                       curl_easy_strerror(outcome),
                   "file_store");
    }
    long status = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_off_t length = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    transfer.answer.status = static_cast<int>(status);
    transfer.answer.content_length = length < 0 ? 0 : static_cast<std::uint64_t>(length);
    give_back(std::move(handle));
    return std::move(transfer.answer);
  }

  void stop() override { is_stopped_ = true; }

 private:
  static void prepare(CURL* handle, Transfer& transfer, curl_slist* headers) {
    const HttpCall& call = transfer.call;
    set(handle, CURLOPT_URL, call.url.c_str());
    set_method(handle, call);
    set(handle, CURLOPT_HTTPHEADER, headers);
    set(handle, CURLOPT_WRITEFUNCTION, on_body);
    set(handle, CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
    set(handle, CURLOPT_HEADERFUNCTION, on_header);
    set(handle, CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
    set(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    set(handle, CURLOPT_XFERINFODATA, static_cast<void*>(&transfer));
    set(handle, CURLOPT_NOPROGRESS, 0L);
    set(handle, CURLOPT_NOSIGNAL, 1L);
    set(handle, CURLOPT_FOLLOWLOCATION, 0L);  // a signature is good for one host
    set(handle, CURLOPT_PATH_AS_IS, 1L);      // what is sent is what was signed
    set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    set(handle, CURLOPT_CONNECTTIMEOUT, kConnectTimeoutS);
    set(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(handle, CURLOPT_LOW_SPEED_TIME, kStallTimeoutS);
  }

  Handle take() {
    Handle handle = idle_.with_lock([](std::vector<Handle>& idle) {
      if (idle.empty()) return Handle();
      Handle last = std::move(idle.back());
      idle.pop_back();
      return last;
    });
    if (handle == nullptr) return Handle(curl_easy_init());
    curl_easy_reset(handle.get());  // options go, connections stay
    return handle;
  }

  void give_back(Handle handle) {
    idle_.with_lock([&](std::vector<Handle>& idle) {
      if (idle.size() < kIdleHandlesMax) idle.push_back(std::move(handle));
    });
  }

  std::atomic<bool> is_stopped_ = false;
  Guarded<std::vector<Handle>> idle_;
};

}  // namespace

std::unique_ptr<HttpClient> make_curl_client() {
  return std::make_unique<CurlClient>();
}

}  // namespace moonstone::files
