#include "parser.h"

#include <string>
#include <utility>

#include "code_parser.h"
#include "lexer.h"
#include "token_stream.h"

namespace synod::slots::p4 {
namespace {

class ProgramParser {
 public:
  ProgramParser(std::vector<Token> tokens, Complaint& complaint)
      : tokens_(std::move(tokens), complaint), code_(tokens_) {}

  ast::Program Run() {
    while (!tokens_.AtEnd()) ParseDeclaration();
    return std::move(program_);
  }

 private:
  void ParseDeclaration();
  void ParseInclude();
  void ParseHeaderOrStruct(ast::TypeDeclaration::Kind kind);
  void ParseTypedefOrConst();
  std::vector<ast::Parameter> ParseParameters();
  void ParseParser();
  ast::ParserState ParseState();
  ast::ParserState::Case ParseCase();
  void ParseControl();
  ast::Action ParseAction();
  ast::Table ParseTable();
  void ParseTableProperty(ast::Table& table);
  ast::Instance ParseInstance();
  void ParseMain();

  TokenStream tokens_;
  CodeParser code_;
  ast::Program program_;
};

void ProgramParser::ParseDeclaration() {
  if (tokens_.Peek().kind == Token::Kind::kInclude) return ParseInclude();
  if (tokens_.IsNext("header")) return ParseHeaderOrStruct(ast::TypeDeclaration::Kind::kHeader);
  if (tokens_.IsNext("struct")) return ParseHeaderOrStruct(ast::TypeDeclaration::Kind::kStruct);
  if (tokens_.IsNext("typedef") || tokens_.IsNext("const")) return ParseTypedefOrConst();
  if (tokens_.IsNext("parser")) return ParseParser();
  if (tokens_.IsNext("control")) return ParseControl();
  if (tokens_.IsNext("V1Switch")) return ParseMain();
  tokens_.Refuse("const, typedef, header, struct, parser, control or V1Switch is expected here");
}

void ProgramParser::ParseInclude() {
  const Token token = tokens_.Take();
  if (token.text != "core.p4" && token.text != "v1model.p4") {
    tokens_.RefuseAt(token.where, "only core.p4 and v1model.p4 can be included");
  }
}

void ProgramParser::ParseHeaderOrStruct(ast::TypeDeclaration::Kind kind) {
  ast::TypeDeclaration type{.kind = kind, .where = tokens_.Take().where};
  type.name = tokens_.ExpectName("the type's name");
  tokens_.Expect("{");
  while (!tokens_.AtEnd() && !tokens_.IsNext("}")) {
    ast::Field field{.where = tokens_.Peek().where, .type = code_.ParseType()};
    field.name = tokens_.ExpectName("a field's name");
    tokens_.Expect(";");
    type.fields.push_back(std::move(field));
  }
  tokens_.Expect("}");
  program_.types.push_back(std::move(type));
}

void ProgramParser::ParseTypedefOrConst() {
  const bool is_const = tokens_.IsNext("const");
  ast::TypeDeclaration type{
      .kind = is_const ? ast::TypeDeclaration::Kind::kConst : ast::TypeDeclaration::Kind::kTypedef,
      .where = tokens_.Take().where};
  type.fields.push_back({.where = tokens_.Peek().where, .type = code_.ParseType()});
  type.name = tokens_.ExpectName("a name");
  if (is_const) {
    tokens_.Expect("=");
    type.value = code_.ParseExpression();
  }
  tokens_.Expect(";");
  program_.types.push_back(std::move(type));
}

std::vector<ast::Parameter> ProgramParser::ParseParameters() {
  std::vector<ast::Parameter> parameters;
  tokens_.Expect("(");
  while (!tokens_.AtEnd() && !tokens_.IsNext(")")) {
    ast::Parameter parameter{.where = tokens_.Peek().where};
    if (tokens_.IsNext("in") || tokens_.IsNext("out") || tokens_.IsNext("inout")) {
      parameter.direction = tokens_.Take().text;
    }
    parameter.type = code_.ParseType();
    parameter.name = tokens_.ExpectName("a parameter's name");
    parameters.push_back(std::move(parameter));
    if (!tokens_.Accept(",")) break;
  }
  tokens_.Expect(")");
  return parameters;
}

void ProgramParser::ParseParser() {
  ast::Parser parser{.where = tokens_.Take().where};
  parser.name = tokens_.ExpectName("the parser's name");
  parser.parameters = ParseParameters();
  tokens_.Expect("{");
  while (!tokens_.AtEnd() && !tokens_.IsNext("}")) parser.states.push_back(ParseState());
  tokens_.Expect("}");
  program_.parsers.push_back(std::move(parser));
}

ast::ParserState ProgramParser::ParseState() {
  if (!tokens_.IsNext("state")) tokens_.Refuse("of a parser there are only states");
  ast::ParserState state{.where = tokens_.Take().where};
  state.name = tokens_.ExpectName("the state's name");
  tokens_.Expect("{");
  while (!tokens_.AtEnd() && !tokens_.IsNext("transition") && !tokens_.IsNext("}")) {
    state.body.push_back(code_.ParseStatement());
  }
  tokens_.Expect("transition");
  if (tokens_.Accept("select")) {
    tokens_.Expect("(");
    state.select = code_.ParseArguments(")");
    tokens_.Expect("{");
    while (!tokens_.AtEnd() && !tokens_.IsNext("}")) state.cases.push_back(ParseCase());
    tokens_.Expect("}");
  } else {
    state.next = tokens_.ExpectName("the next state");
    tokens_.Expect(";");
  }
  tokens_.Expect("}");
  return state;
}

ast::ParserState::Case ProgramParser::ParseCase() {
  ast::ParserState::Case choice{.where = tokens_.Peek().where};
  if (tokens_.Accept("(")) {
    choice.values = code_.ParseArguments(")");
  } else {
    choice.values.push_back(code_.ParseExpression());
  }
  if (tokens_.IsNext("&&&") || tokens_.IsNext("..")) {
    tokens_.Refuse("masks and ranges are outside of the subset");
  }
  tokens_.Expect(":");
  choice.next = tokens_.ExpectName("the next state");
  tokens_.Expect(";");
  return choice;
}

void ProgramParser::ParseControl() {
  ast::Control control{.where = tokens_.Take().where};
  control.name = tokens_.ExpectName("the control's name");
  control.parameters = ParseParameters();
  tokens_.Expect("{");
  while (!tokens_.AtEnd() && !tokens_.IsNext("apply")) {
    if (tokens_.IsNext("action")) {
      control.actions.push_back(ParseAction());
    } else if (tokens_.IsNext("table")) {
      control.tables.push_back(ParseTable());
    } else if (tokens_.IsNext("bit") || tokens_.IsNext("bool")) {
      control.variables.push_back(code_.ParseStatement());
    } else {
      control.instances.push_back(ParseInstance());
    }
  }
  tokens_.Expect("apply");
  control.body = code_.ParseBlock();
  tokens_.Expect("}");
  program_.controls.push_back(std::move(control));
}

ast::Action ProgramParser::ParseAction() {
  ast::Action action{.where = tokens_.Take().where};
  action.name = tokens_.ExpectName("the action's name");
  action.parameters = ParseParameters();
  action.body = code_.ParseBlock();
  return action;
}

ast::Table ProgramParser::ParseTable() {
  ast::Table table{.where = tokens_.Take().where};
  table.name = tokens_.ExpectName("the table's name");
  tokens_.Expect("{");
  while (!tokens_.AtEnd() && !tokens_.IsNext("}")) ParseTableProperty(table);
  tokens_.Expect("}");
  return table;
}

void ProgramParser::ParseTableProperty(ast::Table& table) {
  const Location where = tokens_.Peek().where;
  const std::string property = tokens_.ExpectName("a table's property");
  tokens_.Expect("=");
  if (property == "key") {
    tokens_.Expect("{");
    while (!tokens_.AtEnd() && !tokens_.IsNext("}")) {
      ast::Table::Key key{.value = code_.ParseExpression()};
      tokens_.Expect(":");
      if (!tokens_.IsNext("exact")) tokens_.Refuse("of matches there is only exact");
      key.match = tokens_.ExpectName("exact");
      tokens_.Expect(";");
      table.keys.push_back(std::move(key));
    }
    tokens_.Expect("}");
  } else if (property == "actions") {
    tokens_.Expect("{");
    while (!tokens_.AtEnd() && !tokens_.IsNext("}")) {
      table.actions.push_back(code_.ParseExpression());
      tokens_.Expect(";");
    }
    tokens_.Expect("}");
  } else if (property == "default_action") {
    table.default_action = code_.ParseExpression();
    table.has_default = true;
    tokens_.Expect(";");
  } else if (property == "size") {
    const Token size = tokens_.Take();
    if (size.kind != Token::Kind::kNumber || size.number == 0) {
      tokens_.RefuseAt(size.where, "a table's size is a positive number");
    }
    table.size = size.number;
    tokens_.Expect(";");
  } else {
    tokens_.RefuseAt(where, "a table's property '" + property + "' is outside of the subset");
  }
}

ast::Instance ProgramParser::ParseInstance() {
  ast::Instance instance{.where = tokens_.Peek().where, .type = code_.ParseType()};
  tokens_.Expect("(");
  instance.arguments = code_.ParseArguments(")");
  instance.name = tokens_.ExpectName("the instance's name");
  tokens_.Expect(";");
  return instance;
}

void ProgramParser::ParseMain() {
  program_.main_where = tokens_.Take().where;
  tokens_.Expect("(");
  do {
    program_.main.push_back(tokens_.ExpectName("a parser or a control"));
    tokens_.Expect("(");
    tokens_.Expect(")");
  } while (tokens_.Accept(","));
  tokens_.Expect(")");
  tokens_.Expect("main");
  tokens_.Expect(";");
}

}  // namespace

ast::Program Parse(std::string_view program, Complaint& complaint) {
  std::vector<Token> tokens = Tokenize(program, complaint);
  return ProgramParser(std::move(tokens), complaint).Run();
}

}  // namespace synod::slots::p4
