// Moonstone. Licence: see LICENSE.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "base/encoding.h"
#include "base/json.h"

namespace moonstone {
namespace {

/// Up to here every integral double is its own exact decimal text, as ECMAScript prints it.
constexpr double kExactIntegerMax = 9007199254740992.0;  // 2^53

/// ECMAScript prints numbers up to 10^21 without an exponent, and down to 10^-6.
constexpr int kPlainPlacesMax = 21;
constexpr int kPlainLeadingZerosMax = 6;

/// The short escape of a character, 'u' for \u00xx, or 0 when it stands for itself.
constexpr std::array<char, 256> make_escapes() {
  std::array<char, 256> escapes{};
  for (std::size_t control = 0; control < 0x20; ++control) {
    escapes[control] = 'u';
  }
  escapes['\b'] = 'b';
  escapes['\t'] = 't';
  escapes['\n'] = 'n';
  escapes['\f'] = 'f';
  escapes['\r'] = 'r';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  return escapes;
}

constexpr std::array<char, 256> kEscapes = make_escapes();

void write_escape(unsigned char character, std::string& out) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  const char escape = kEscapes[character];
  out.push_back('\\');
  out.push_back(escape);
  if (escape != 'u') return;
  out += "00";
  out.push_back(kHexDigits[character >> 4U]);
  out.push_back(kHexDigits[character & 15U]);
}

void write_integer(std::int64_t integer, std::string& out) {
  std::array<char, 24> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), integer);
  out.append(text.data(), end);
}

/// The shortest decimal digits that read back as one double: 0.d1d2d3... * 10^point.
struct Decimal {
  std::array<char, 24> digits{};
  std::size_t count = 0;
  int point = 0;

  [[nodiscard]] std::string_view text() const { return {digits.data(), count}; }
};

/// `number` is finite, positive and not zero.
Decimal to_decimal(double number) {
  std::array<char, 40> text{};
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::scientific);
  const char* const mark = std::find(text.data(), end, 'e');
  Decimal decimal;
  for (const char* digit = text.data(); digit != mark; ++digit) {
    if (*digit != '.') decimal.digits[decimal.count++] = *digit;
  }
  int exponent = 0;
  // from_chars takes no plus sign.
  std::from_chars(mark[1] == '+' ? mark + 2 : mark + 1, end, exponent);
  decimal.point = exponent + 1;
  return decimal;
}

void write_exponent_form(const Decimal& decimal, std::string& out) {
  out.push_back(decimal.text().front());
  if (decimal.count > 1) out.append(".").append(decimal.text().substr(1));
  const int exponent = decimal.point - 1;
  out.append(exponent < 0 ? "e-" : "e+");
  write_integer(std::abs(exponent), out);
}

/// ECMA-262, Number::toString, for what is not an exact integer.
void write_decimal(const Decimal& decimal, std::string& out) {
  const int count = static_cast<int>(decimal.count);
  if (decimal.point > kPlainPlacesMax || decimal.point <= -kPlainLeadingZerosMax) {
    write_exponent_form(decimal, out);
  } else if (decimal.point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-decimal.point), '0').append(decimal.text());
  } else if (decimal.point >= count) {
    out.append(decimal.text()).append(static_cast<std::size_t>(decimal.point - count), '0');
  } else {
    const auto whole = static_cast<std::size_t>(decimal.point);
    out.append(decimal.text().substr(0, whole)).append(".").append(decimal.text().substr(whole));
  }
}

enum class Layout : unsigned char { Compact, Indented };
enum class Order : unsigned char { AsAdded, ByName };

class Writer {
 public:
  Writer(Layout layout, Order order, std::string& out)
      : layout_(layout), order_(order), out_(out) {}

  void write(const Value& value) {
    switch (value.kind()) {
      case ValueKind::Undefined:
      case ValueKind::Null:
        out_ += "null";
        return;
      case ValueKind::Boolean:
        out_ += value.as_boolean() ? "true" : "false";
        return;
      case ValueKind::Integer:
        write_integer(value.as_integer(), out_);
        return;
      case ValueKind::Number:
        write_json_number(value.as_number(), out_);
        return;
      case ValueKind::Text:
        write_json_string(value.as_text(), out_);
        return;
      case ValueKind::Bytes:
        out_.append("\"").append(to_base64(value.as_bytes().data)).append("\"");
        return;
      case ValueKind::Array:
        write_array(value.as_array());
        return;
      case ValueKind::Object:
        write_object(value.as_object());
        return;
    }
  }

 private:
  void write_array(const Array& array) {
    open('[');
    for (const Value& element : array) {
      next_item();
      write(element);
    }
    close(']');
  }

  void write_object(const Object& object) {
    open('{');
    if (order_ == Order::AsAdded) {
      for (const Member& member : object) {
        write_member(member);
      }
    } else {
      for (const Member* member : sorted_members(object)) {
        write_member(*member);
      }
    }
    close('}');
  }

  void write_member(const Member& member) {
    if (member.value.is_undefined()) return;
    next_item();
    write_json_string(member.name, out_);
    out_ += layout_ == Layout::Compact ? ":" : ": ";
    write(member.value);
  }

  static std::vector<const Member*> sorted_members(const Object& object) {
    std::vector<const Member*> members;
    members.reserve(object.size());
    for (const Member& member : object) {
      members.push_back(&member);
    }
    std::ranges::sort(members, {},
                      [](const Member* member) -> std::string_view { return member->name; });
    return members;
  }

  void open(char bracket) {
    out_.push_back(bracket);
    ++depth_;
    is_empty_ = true;
  }

  void next_item() {
    if (!is_empty_) out_.push_back(',');
    is_empty_ = false;
    break_line();
  }

  void close(char bracket) {
    --depth_;
    if (!is_empty_) break_line();
    out_.push_back(bracket);
    is_empty_ = false;
  }

  void break_line() {
    if (layout_ == Layout::Compact) return;
    out_.append("\n").append(2 * depth_, ' ');
  }

  Layout layout_;
  Order order_;
  std::string& out_;
  std::size_t depth_ = 0;
  bool is_empty_ = true;  // of the innermost open array or object
};

}  // namespace

void write_json(const Value& value, std::string& out) {
  Writer(Layout::Compact, Order::AsAdded, out).write(value);
}

std::string to_json(const Value& value) {
  std::string out;
  write_json(value, out);
  return out;
}

std::string to_json_indented(const Value& value) {
  std::string out;
  Writer(Layout::Indented, Order::AsAdded, out).write(value);
  return out;
}

void write_json_string(std::string_view text, std::string& out) {
  out.push_back('"');
  std::size_t copied = 0;
  for (std::size_t index = 0; index < text.size(); ++index) {
    const auto character = static_cast<unsigned char>(text[index]);
    if (kEscapes[character] == 0) continue;
    out.append(text.substr(copied, index - copied));
    write_escape(character, out);
    copied = index + 1;
  }
  out.append(text.substr(copied));
  out.push_back('"');
}

void write_json_number(double number, std::string& out) {
  if (!std::isfinite(number)) {
    out += "null";
  } else if (std::fabs(number) <= kExactIntegerMax && std::trunc(number) == number) {
    write_integer(static_cast<std::int64_t>(number), out);  // -0 prints as 0
  } else {
    if (number < 0) out.push_back('-');
    write_decimal(to_decimal(std::fabs(number)), out);
  }
}

std::string canonical_json(const Value& value) {
  std::string out;
  Writer(Layout::Compact, Order::ByName, out).write(value);
  return out;
}

}  // namespace moonstone
