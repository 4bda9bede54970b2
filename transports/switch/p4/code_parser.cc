#include "code_parser.h"

#include <array>
#include <initializer_list>

namespace synod::slots::p4 {
namespace {

using ast::Expression;
using ast::Statement;

// Deeper programs, and longer chains of operators, are nobody's, but they must not exhaust the
// stack.
constexpr int kMaxNesting = 64;

// From those that bind least.
constexpr std::array<std::array<std::string_view, 4>, 10> kLevels = {{{"||"},
                                                                      {"&&"},
                                                                      {"|"},
                                                                      {"^"},
                                                                      {"&"},
                                                                      {"==", "!="},
                                                                      {"<=", ">=", "<", ">"},
                                                                      {"<<", ">>"},
                                                                      {"++", "+", "-"},
                                                                      {"*", "/", "%"}}};

class Nesting {
 public:
  Nesting(int& depth, TokenStream& tokens) : depth_(depth) {
    if (++depth_ > kMaxNesting) tokens.Refuse("this is nested too deeply");
  }
  ~Nesting() { --depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  int& depth_;
};

}  // namespace

ast::TypeName CodeParser::ParseType() {
  const Nesting nesting(depth_, tokens_);
  ast::TypeName type{.where = tokens_.Peek().where, .name = tokens_.ExpectName("a type")};
  if (type.name == "int" || type.name == "varbit" || type.name == "tuple" || type.name == "error") {
    tokens_.RefuseAt(type.where, "the type " + type.name + " is outside of the subset");
  }
  if (!tokens_.Accept("<")) {
    if (type.name == "bit") type.width = 1;
    return type;
  }
  if (type.name == "bit") {
    const Token width = tokens_.Take();
    if (width.kind != Token::Kind::kNumber || width.number < 1 || width.number > 64) {
      tokens_.RefuseAt(width.where, "a field has between 1 and 64 bits, written as a number");
    }
    type.width = static_cast<int>(width.number);
  } else {
    type.arguments.push_back(ParseType());
  }
  tokens_.Expect(">");
  return type;
}

std::vector<Expression> CodeParser::ParseArguments(const char* close) {
  std::vector<Expression> arguments;
  if (tokens_.Accept(close)) return arguments;
  do {
    arguments.push_back(ParseExpression());
  } while (tokens_.Accept(","));
  tokens_.Expect(close);
  return arguments;
}

std::string CodeParser::OperatorOf(size_t level) {
  for (const std::string_view symbol : kLevels[level]) {
    if (symbol.empty()) continue;
    if (symbol == ">>") {
      const Location first = tokens_.Peek().where;
      const Location second = tokens_.Peek(1).where;
      if (!tokens_.IsNext(">") || !tokens_.IsNext(">", 1) || second.line != first.line ||
          second.column != first.column + 1) {
        continue;
      }
      tokens_.Take();
      tokens_.Take();
      return ">>";
    }
    if (symbol == ">" && tokens_.IsNext(">", 1)) continue;
    if (tokens_.IsNext(symbol)) return std::string(tokens_.Take().text);
  }
  return "";
}

Expression CodeParser::ParseBinary(size_t level) {
  if (level == kLevels.size()) return ParseUnary();
  const Nesting nesting(depth_, tokens_);
  Expression left = ParseBinary(level + 1);
  for (int links = 0;; ++links) {
    if (links > kMaxNesting) tokens_.Refuse("this is too long");
    const Location where = tokens_.Peek().where;
    const std::string symbol = OperatorOf(level);
    if (symbol.empty()) break;
    if (symbol == "*" || symbol == "/" || symbol == "%") {
      tokens_.RefuseAt(where, "a switch has no unit for '" + symbol + "'");
    }
    Expression whole{.kind = Expression::Kind::kBinary, .where = where, .text = symbol};
    whole.operands.push_back(std::move(left));
    whole.operands.push_back(ParseBinary(level + 1));
    left = std::move(whole);
  }
  if (level == 0 && tokens_.IsNext("?")) tokens_.Refuse("'? :' is outside of the subset: use if");
  return left;
}

Expression CodeParser::ParseUnary() {
  const Location where = tokens_.Peek().where;
  for (const char* symbol : {"!", "~", "-"}) {
    if (!tokens_.Accept(symbol)) continue;
    const Nesting nesting(depth_, tokens_);
    Expression whole{.kind = Expression::Kind::kUnary, .where = where, .text = symbol};
    whole.operands.push_back(ParseUnary());
    return whole;
  }
  if (tokens_.IsNext("(") && (tokens_.IsNext("bit", 1) || tokens_.IsNext("bool", 1))) {
    const Nesting nesting(depth_, tokens_);
    tokens_.Take();
    Expression cast{.kind = Expression::Kind::kCast, .where = where};
    cast.type = ParseType();
    tokens_.Expect(")");
    cast.operands.push_back(ParseUnary());
    return cast;
  }
  return ParsePostfix();
}

Expression CodeParser::ParsePostfix() {
  Expression value = ParsePrimary();
  for (int links = 0;; ++links) {
    if (links > kMaxNesting) tokens_.Refuse("this is too long");
    const Location where = tokens_.Peek().where;
    Expression whole{.where = where};
    if (tokens_.Accept(".")) {
      whole.kind = Expression::Kind::kMember;
      whole.where = value.where;
      // A table's, a register's and a control's methods have names of their own.
      whole.text = tokens_.ExpectName("a field or a method");
      whole.operands.push_back(std::move(value));
    } else if (tokens_.Accept("[")) {
      whole.kind = Expression::Kind::kSlice;
      whole.operands.push_back(std::move(value));
      whole.operands.push_back(ParseExpression());
      if (!tokens_.IsNext(":")) {
        tokens_.Refuse("':' of a slice is expected here (there are no stacks)");
      }
      tokens_.Accept(":");
      whole.operands.push_back(ParseExpression());
      tokens_.Expect("]");
    } else if (tokens_.Accept("(")) {
      whole.kind = Expression::Kind::kCall;
      whole.where = value.where;
      whole.operands.push_back(std::move(value));
      for (Expression& argument : ParseArguments(")")) {
        whole.operands.push_back(std::move(argument));
      }
    } else {
      return value;
    }
    value = std::move(whole);
  }
}

Expression CodeParser::ParsePrimary() {
  const Nesting nesting(depth_, tokens_);
  const Token token = tokens_.Peek();
  Expression value{.where = token.where, .text = std::string(token.text)};
  if (tokens_.Accept("(")) {
    value = ParseExpression();
    tokens_.Expect(")");
  } else if (tokens_.Accept("{")) {
    value.kind = Expression::Kind::kList;
    value.operands = ParseArguments("}");
  } else if (token.kind == Token::Kind::kName) {
    tokens_.Take();
    value.kind = Expression::Kind::kName;
  } else if (token.kind == Token::Kind::kNumber) {
    tokens_.Take();
    value.kind = Expression::Kind::kNumber;
    value.number = token.number;
    value.width = token.width;
  } else {
    tokens_.Refuse("a value is expected here");
  }
  return value;
}

bool CodeParser::IsDeclaration() const {
  return tokens_.IsNext("bit") || tokens_.IsNext("bool") || tokens_.IsNext("register") ||
         (tokens_.IsName() && (tokens_.IsName(1) || (tokens_.IsNext("(", 1) &&
                                                     tokens_.IsNext(")", 2) && tokens_.IsName(3))));
}

std::vector<Statement> CodeParser::ParseBlock() {
  std::vector<Statement> statements;
  tokens_.Expect("{");
  while (!tokens_.AtEnd() && !tokens_.IsNext("}")) statements.push_back(ParseStatement());
  tokens_.Expect("}");
  return statements;
}

Statement CodeParser::ParseIf() {
  Statement statement{.kind = Statement::Kind::kIf, .where = tokens_.Take().where};
  tokens_.Expect("(");
  statement.value = ParseExpression();
  tokens_.Expect(")");
  statement.body.push_back(ParseStatement());
  if (tokens_.Accept("else")) statement.otherwise.push_back(ParseStatement());
  return statement;
}

Statement CodeParser::ParseStatement() {
  const Nesting nesting(depth_, tokens_);
  const Location where = tokens_.Peek().where;
  for (const char* word : {"return", "exit", "switch", "for", "while"}) {
    if (tokens_.IsNext(word)) {
      tokens_.RefuseAt(where, "'" + std::string(word) + "' is outside of the subset");
    }
  }
  if (tokens_.IsNext("if")) return ParseIf();
  ast::Statement statement{.kind = Statement::Kind::kBlock, .where = where};
  if (tokens_.IsNext("{")) {
    statement.body = ParseBlock();
    return statement;
  }
  if (tokens_.Accept(";")) return statement;
  if (IsDeclaration()) {
    statement.kind = Statement::Kind::kVariable;
    statement.type = ParseType();
    statement.name = tokens_.ExpectName("a variable's name");
    statement.has_value = tokens_.Accept("=");
    if (statement.has_value) statement.value = ParseExpression();
  } else {
    statement.value = ParsePostfix();
    statement.kind = Statement::Kind::kCall;
    if (tokens_.Accept("=")) {
      statement.kind = Statement::Kind::kAssign;
      statement.target = std::move(statement.value);
      statement.value = ParseExpression();
    } else if (statement.value.kind != Expression::Kind::kCall) {
      tokens_.Refuse("'=' or a call is expected here");
    }
  }
  tokens_.Expect(";");
  return statement;
}

}  // namespace synod::slots::p4
