// Moonstone. Licence: see LICENSE.
#pragma once
// Terminal: everything that the commands print and ask.
//
// Results and progress go to standard output, errors and warnings to standard error. Colours appear
// only on a terminal, and never when NO_COLOR is set. A line goes out in one write.
// Threads: lines may come from any thread, confirm() from the main thread only.

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace moonstone::cli {

enum class Style : unsigned char { Plain, Bold, Dim, Red, Green, Yellow, Cyan };

class Terminal {
 public:
  /// Looks at the process' own descriptors and environment.
  Terminal();
  virtual ~Terminal() = default;
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// Prints a line to standard output; the line feed is added.
  void line(std::string_view text = {});
  /// Prints text to standard output as it is, for what draws on a screen.
  void print(std::string_view text);
  /// Prints a line to standard error.
  void error_line(std::string_view text);
  /// `Error: ` in red and the text, to standard error.
  void error(std::string_view text);
  void warning(std::string_view text);

  /// The text in a style, for standard output; as it is where colours are off.
  [[nodiscard]] std::string styled(Style style, std::string_view text) const;

  /// Whether someone can be asked: standard input and output are both terminals.
  [[nodiscard]] bool is_interactive() const { return is_interactive_; }
  [[nodiscard]] bool has_colours() const { return has_colours_; }

  /// Asks for yes or no; anything but y or yes is no. Nothing if one of the descriptors became
  /// readable first, or the input ended.
  [[nodiscard]] std::optional<bool> confirm(std::string_view question,
                                            std::initializer_list<int> interrupts = {});

 protected:
  /// Where the text goes; tests keep it.
  virtual void write(int descriptor, std::string_view text);

 private:
  bool has_colours_ = false;
  bool has_error_colours_ = false;
  bool is_interactive_ = false;
};

/// "42 ms", "1.3 s".
[[nodiscard]] std::string shown_duration(long long milliseconds);

}  // namespace moonstone::cli
