// The tokens of a program, as a parser looks at them: one ahead, or a few.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_TOKEN_STREAM_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_TOKEN_STREAM_H_

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lexer.h"

namespace synod::slots::p4 {

// After the first complaint there are no more tokens, so that whatever loops over them ends.
class TokenStream {
 public:
  TokenStream(std::vector<Token> tokens, Complaint& complaint)
      : tokens_(std::move(tokens)), complaint_(complaint) {}

  [[nodiscard]] const Token& Peek(size_t ahead = 0) const {
    if (!complaint_.IsEmpty()) return tokens_.back();
    return tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
  }
  [[nodiscard]] bool IsNext(std::string_view text, size_t ahead = 0) const {
    const Token& token = Peek(ahead);
    return token.kind != Token::Kind::kEnd && token.kind != Token::Kind::kInclude &&
           token.text == text;
  }
  [[nodiscard]] bool IsName(size_t ahead = 0) const {
    return Peek(ahead).kind == Token::Kind::kName;
  }
  [[nodiscard]] bool AtEnd() const { return Peek().kind == Token::Kind::kEnd; }

  Token Take() {
    Token token = Peek();
    if (next_ + 1 < tokens_.size()) ++next_;
    return token;
  }
  bool Accept(std::string_view text) {
    if (!IsNext(text)) return false;
    Take();
    return true;
  }
  void Expect(std::string_view text) {
    if (!Accept(text)) Refuse("'" + std::string(text) + "' is expected here");
  }
  // What is declared here, or meant.
  std::string ExpectName(const std::string& what) {
    if (!IsName()) Refuse(what + " is expected here");
    return std::string(Take().text);
  }

  // Says `why` of the next token.
  void Refuse(const std::string& why) {
    const Token& token = Peek();
    complaint_.Say(token.where, token.kind == Token::Kind::kEnd
                                    ? why + ", at the end of the program"
                                    : why + ", not '" + std::string(token.text) + "'");
  }
  void RefuseAt(Location where, const std::string& why) { complaint_.Say(where, why); }

 private:
  std::vector<Token> tokens_;
  Complaint& complaint_;
  size_t next_ = 0;
};

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_TOKEN_STREAM_H_
