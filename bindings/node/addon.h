// Moonstone. Licence: see LICENSE.
#pragma once
// Addon: one instance of the addon in one JavaScript environment (a thread of Node or Bun).
//
// JavaScript sees one function, invoke(text): the operation and its operands stand in the buffer
// (exchange.h), and so does the answer. Errors are answers, too, so that nothing throws across the
// boundary; packages/orm makes the JavaScript errors. What lives longer than a call (clients,
// connections) has a number. Threads: confined to the thread of its environment.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "client.h"
#include "exchange.h"
#include "store/migrations.h"
#include "store/raw_connection.h"

struct napi_env__;
struct napi_value__;
struct napi_ref__;

namespace moonstone::node {

/// Things that JavaScript knows by number. Numbers of things that are gone are given again.
template <class T>
class Numbered {
 public:
  std::size_t add(std::unique_ptr<T> thing) {
    for (std::size_t i = 0; i < things_.size(); ++i) {
      if (things_[i] == nullptr) {
        things_[i] = std::move(thing);
        return i;
      }
    }
    things_.push_back(std::move(thing));
    return things_.size() - 1;
  }
  /// For a number that was given for nothing (add(nullptr)).
  void put(std::size_t number, std::unique_ptr<T> thing) { things_[number] = std::move(thing); }
  [[nodiscard]] T* find(std::size_t number) const {
    return number < things_.size() ? things_[number].get() : nullptr;
  }
  std::unique_ptr<T> take(std::size_t number) {
    return number < things_.size() ? std::move(things_[number]) : nullptr;
  }

 private:
  std::vector<std::unique_ptr<T>> things_;
};

/// The operands of one operation: numbers of the header, then values.
class Request {
 public:
  Request(std::span<const double, kHeaderSlots> header, ExchangeReader reader) : reader_(reader) {
    std::ranges::copy(header, header_.begin());
  }
  [[nodiscard]] std::size_t number(std::size_t slot) const {
    const double value = header_[slot];
    return value >= 0 && value < 1e15 ? static_cast<std::size_t>(value) : SIZE_MAX;
  }
  [[nodiscard]] Value read() { return reader_.read(); }

 private:
  std::array<double, kHeaderSlots> header_{};
  ExchangeReader reader_;
};

class Addon {
 public:
  explicit Addon(napi_env__* env) : env_(env) {}
  ~Addon();
  Addon(const Addon&) = delete;
  Addon& operator=(const Addon&) = delete;

  /// Makes the buffer and the functions of `exports`. Returns whether JavaScript allowed it.
  [[nodiscard]] bool install(napi_value__* exports);
  /// One operation; its text, and the text of its answer (null: none).
  napi_value__* invoke(napi_value__* text);
  /// Makes the buffer larger; what stood in it is lost.
  bool reserve(std::size_t slots);
  [[nodiscard]] napi_value__* buffer() const;
  void set_host(napi_value__* callback);

  /// Calls the function that JavaScript gave for it (set_host) with what `write` writes, and reads
  /// its answer with `read`. Errors: Internal (reason "host_exception") if the function has thrown,
  /// which JavaScript remembers.
  [[nodiscard]] Status call_host(const std::function<void(ExchangeWriter&)>& write,
                                 const std::function<void(ExchangeReader&)>& read);

  [[nodiscard]] ShapeTable& shapes() { return shapes_; }
  [[nodiscard]] Numbered<Client>& clients() { return clients_; }
  [[nodiscard]] Numbered<store::RawConnection>& connections() { return connections_; }
  [[nodiscard]] Numbered<store::MigrationRun>& migrations() { return migrations_; }

 private:
  [[nodiscard]] napi_value__* publish(ExchangeWriter& answer);
  [[nodiscard]] ExchangeReader take_values(napi_value__* text, std::string& storage);

  napi_env__* env_;
  napi_ref__* buffer_ = nullptr;
  napi_ref__* host_ = nullptr;
  double* slots_ = nullptr;
  std::uint8_t* tags_ = nullptr;
  std::size_t capacity_ = 0;
  std::string text_;  // of the operation that runs; kept for its memory
  KeyTable keys_;
  ShapeTable shapes_;
  ExchangeWriter answer_{shapes_};
  Numbered<Client> clients_;
  Numbered<store::RawConnection> connections_;
  Numbered<store::MigrationRun> migrations_;  // use connections, so they end first
};

}  // namespace moonstone::node
