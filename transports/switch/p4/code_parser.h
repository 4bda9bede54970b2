// Parses what stands inside of a body: types, expressions and statements.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_CODE_PARSER_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_CODE_PARSER_H_

#include <vector>

#include "ast.h"
#include "token_stream.h"

namespace synod::slots::p4 {

class CodeParser {
 public:
  explicit CodeParser(TokenStream& tokens) : tokens_(tokens) {}

  ast::TypeName ParseType();
  ast::Expression ParseExpression() { return ParseBinary(0); }
  // Up to and with the closing parenthesis or brace, which ends the list.
  std::vector<ast::Expression> ParseArguments(const char* close);
  // In braces.
  std::vector<ast::Statement> ParseBlock();
  ast::Statement ParseStatement();
  // Whether a variable's or an instance's declaration comes next.
  [[nodiscard]] bool IsDeclaration() const;

 private:
  ast::Expression ParseBinary(size_t level);
  ast::Expression ParseUnary();
  ast::Expression ParsePostfix();
  ast::Expression ParsePrimary();
  // The operator of this level that comes next; empty if none does.
  std::string OperatorOf(size_t level);
  ast::Statement ParseIf();

  TokenStream& tokens_;
  int depth_ = 0;  // Of expressions and statements in each other.
};

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_CODE_PARSER_H_
