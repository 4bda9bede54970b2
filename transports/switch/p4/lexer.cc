#include "lexer.h"

#include <array>
#include <cctype>
#include <charconv>
#include <string>
#include <system_error>

namespace synod::slots::p4 {
namespace {

bool IsNamePart(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Longer ones before what they begin with.
constexpr std::array<std::string_view, 35> kSymbols = {
    "&&&", "..", "++", "&&", "||", "==", "!=", "<=", ">=", "<<", "(", ")",
    "{",   "}",  "[",  "]",  "<",  ">",  "=",  ";",  ",",  ".",  ":", "+",
    "-",   "*",  "/",  "%",  "&",  "|",  "^",  "~",  "!",  "?",  "@"};

class Lexer {
 public:
  Lexer(std::string_view program, Complaint& complaint) : rest_(program), complaint_(complaint) {}

  std::vector<Token> Run() {
    while (SkipBlank(), !rest_.empty() && complaint_.IsEmpty()) {
      const char c = rest_.front();
      if (c == '#') {
        Directive();
      } else if (IsDigit(c)) {
        Number();
      } else if (IsNamePart(c)) {
        size_t size = 1;
        while (size < rest_.size() && IsNamePart(rest_[size])) ++size;
        Add(Token::Kind::kName, size);
      } else {
        Symbol();
      }
    }
    tokens_.push_back({.kind = Token::Kind::kEnd, .where = where_});
    return std::move(tokens_);
  }

 private:
  void Skip(size_t size) {
    for (const char c : rest_.substr(0, size)) {
      ++where_.column;
      if (c == '\n') where_ = {.line = where_.line + 1, .column = 1};
    }
    rest_.remove_prefix(size);
  }

  Token& Add(Token::Kind kind, size_t size) {
    tokens_.push_back({.kind = kind, .where = where_, .text = rest_.substr(0, size)});
    Skip(size);
    return tokens_.back();
  }

  void SkipBlank() {
    while (!rest_.empty()) {
      if (std::isspace(static_cast<unsigned char>(rest_.front())) != 0) {
        Skip(1);
      } else if (rest_.starts_with("//")) {
        Skip(std::min(rest_.find('\n'), rest_.size()));
      } else if (rest_.starts_with("/*")) {
        const size_t end = rest_.find("*/");
        if (end == rest_.npos) complaint_.Say(where_, "this comment has no end");
        Skip(end == rest_.npos ? rest_.size() : end + 2);
      } else {
        return;
      }
    }
  }

  // There is no preprocessor: what a program includes is known here.
  void Directive() {
    const std::string_view line = rest_.substr(0, rest_.find('\n'));
    constexpr std::string_view kInclude = "#include <";
    const size_t end = line.find('>');
    if (!line.starts_with(kInclude) || end == line.npos) {
      complaint_.Say(where_, "of the preprocessor there is only #include <…>");
      return;
    }
    Token& token = Add(Token::Kind::kInclude, line.size());
    token.text = token.text.substr(kInclude.size(), end - kInclude.size());
  }

  // 17, 0x11, 0b10001, 8w17, 8w0x11; digits may have underscores between them.
  void Number() {
    size_t size = 1;
    while (size < rest_.size() && IsNamePart(rest_[size])) ++size;
    Token& token = Add(Token::Kind::kNumber, size);
    std::string digits;
    for (const char c : token.text) {
      if (c != '_') digits += c;
    }
    if (const size_t w = digits.find('w'); w != digits.npos) {
      const auto [stop, error] = std::from_chars(digits.data(), digits.data() + w, token.width);
      if (error != std::errc() || stop != digits.data() + w || token.width < 1 ||
          token.width > 64) {
        complaint_.Say(token.where, "a number has between 1 and 64 bits");
        return;
      }
      digits.erase(0, w + 1);
    }
    int base = 10;
    if (digits.size() > 2 && digits[0] == '0' && !IsDigit(digits[1])) {
      base = digits[1] == 'x' || digits[1] == 'X' ? 16 : digits[1] == 'b' ? 2 : 0;
      digits.erase(0, 2);
    }
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = base == 0
                                   ? std::from_chars_result{nullptr, std::errc::invalid_argument}
                                   : std::from_chars(digits.data(), end, token.number, base);
    if (error != std::errc() || stop != end) {
      complaint_.Say(token.where,
                     "'" + std::string(token.text) +
                         "' is no number, or not below 2^64 (there are no signed ones)");
    } else if (token.width > 0 && token.width < 64 && token.number >> token.width != 0) {
      complaint_.Say(token.where, "'" + std::string(token.text) + "' does not fit its bits");
    }
  }

  void Symbol() {
    for (const std::string_view symbol : kSymbols) {
      if (!rest_.starts_with(symbol)) continue;
      Add(Token::Kind::kSymbol, symbol.size());
      return;
    }
    complaint_.Say(where_, "'" + std::string(1, rest_.front()) + "' is not of P4");
  }

  std::string_view rest_;
  Complaint& complaint_;
  Location where_;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> Tokenize(std::string_view program, Complaint& complaint) {
  return Lexer(program, complaint).Run();
}

}  // namespace synod::slots::p4
