// Cuts the text of a P4 program into tokens.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_LEXER_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_LEXER_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "source.h"

namespace synod::slots::p4 {

struct Token {
  enum class Kind : uint8_t { kName, kNumber, kSymbol, kInclude, kEnd };

  Kind kind = Kind::kEnd;
  Location where{};
  // Part of the program. Of a number its digits as written; of an #include the file it names.
  std::string_view text{};
  uint64_t number = 0;
  int width = 0;  // As in 8w17; 0 if the number does not say.
};

// The last token is kEnd. Comments and white space are left out. ">>" is two tokens, since it may
// end two type arguments; whoever expects a shift looks at their columns. Borrows `program`.
[[nodiscard]] std::vector<Token> Tokenize(std::string_view program, Complaint& complaint);

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_LEXER_H_
