// Moonstone. Licence: see LICENSE.
#include "protocol/transport.h"

#include <algorithm>
#include <utility>

namespace moonstone::protocol {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

namespace {

/// Keeps asking until the end; owns itself through the callbacks.
class WholeBody : public std::enable_shared_from_this<WholeBody> {
 public:
  WholeBody(BodyReaderPtr body, std::size_t bytes_max, BodyReader::Done done)
      : body_(std::move(body)), bytes_max_(bytes_max), done_(std::move(done)) {}

  void ask() {
    body_->read([self = shared_from_this()](Result<std::string> piece) {
      if (!piece) return self->done_(std::move(piece));
      if (piece->empty()) return self->done_(std::move(self->text_));
      if (self->text_.size() + piece->size() > self->bytes_max_) {
        return self->done_(
            Error(ErrorCode::LimitExceeded,
                  "the body is larger than " + std::to_string(self->bytes_max_) + " bytes",
                  "body_bytes"));
      }
      self->text_ += *piece;
      self->ask();
    });
  }

 private:
  BodyReaderPtr body_;
  std::size_t bytes_max_;
  BodyReader::Done done_;
  std::string text_;
};

}  // namespace

void read_whole_body(BodyReaderPtr body, std::size_t bytes_max, BodyReader::Done done) {
  std::make_shared<WholeBody>(std::move(body), bytes_max, std::move(done))->ask();
}

bool same_header_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view HttpRequest::header(std::string_view name) const {
  const auto found = std::ranges::find_if(
      headers, [name](const Header& header) { return same_header_name(header.name, name); });
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

}  // namespace moonstone::protocol
