package syntax

import (
	"io"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The grammar, as participle productions. Expressions are parsed as flat runs of operands and operators; build.go
// gives them their precedence. No production backtracks, so that parsing is linear and an error is where it is; where
// two tokens decide, a lookahead group says so.
type (
	importNode struct {
		Path lexer.Token `parser:"'import' @String"`
	}
	paramNode struct {
		Name    lexer.Token `parser:"'param' @Ident ':'"`
		Type    *typeNode   `parser:"@@"`
		Default *exprNode   `parser:"( '=' @@ )?"`
	}
	secretNode struct {
		Name  lexer.Token `parser:"'secret' @Ident '='"`
		Value *exprNode   `parser:"@@"`
	}
	typeDeclNode struct {
		Name lexer.Token `parser:"'type' @Ident '='"`
		Type *typeNode   `parser:"@@"`
	}
	fnNode struct {
		Name   lexer.Token    `parser:"'fn' @Ident '('"`
		Params []*fnParamNode `parser:"( @@ ( (?! ',' ')' ) ',' @@ )* ','? )? ')'"`
		Result *typeNode      `parser:"( ':' @@ )?"`
		Body   *exprNode      `parser:"'=' @@"`
	}
	fnParamNode struct {
		Name    lexer.Token `parser:"@Ident"`
		Type    *typeNode   `parser:"( ':' @@ )?"`
		Default *exprNode   `parser:"( '=' @@ )?"`
	}
	letNode struct {
		Name  lexer.Token `parser:"'let' @Ident '='"`
		Value *exprNode   `parser:"@@"`
	}
	testNode struct {
		Name  lexer.Token `parser:"'test' @String '{'"`
		Steps []*stepNode `parser:"@@* '}'"`
	}
	stepNode struct {
		Kind  lexer.Token   `parser:"@( 'given' | 'advance' | 'expect' )"`
		Name  []lexer.Token `parser:"( (?= Ident ( '.' Ident )? '=') @( Ident ( '.' Ident )? ) '=' )?"`
		Value *exprNode     `parser:"@@"`
	}

	typeNode struct {
		Record *recordTypeNode `parser:"( @@"`
		Name   *lexer.Token    `parser:"| @Ident"`
		Args   []*typeNode     `parser:"  ( '<' @@ ( ',' @@ )*"`
		Close  *lexer.Token    `parser:"    @'>' )? )"`
		Null   []lexer.Token   `parser:"@( '?'* )"`
	}
	recordTypeNode struct {
		Open   lexer.Token      `parser:"@'{'"`
		Fields []*fieldTypeNode `parser:"( @@ ( (?! ',' '}' ) ',' @@ )* ','? )?"`
		Close  lexer.Token      `parser:"@'}'"`
	}
	fieldTypeNode struct {
		Name lexer.Token `parser:"@Ident ':'"`
		Type *typeNode   `parser:"@@"`
	}

	exprNode struct {
		Head   *flatNode    `parser:"@@"`
		Stages []*stageNode `parser:"( '|>' @@ )*"`
	}
	stageNode struct {
		Name lexer.Token `parser:"@Ident"`
		Args *argsNode   `parser:"@@?"`
	}
	argsNode struct {
		Open  lexer.Token  `parser:"@'('"`
		Args  []*argNode   `parser:"( @@ ( (?! ',' ')' ) ',' @@ )*"`
		Comma *lexer.Token `parser:"  @','? )?"`
		Close lexer.Token  `parser:"@')'"`
	}
	argNode struct {
		As    *asNode      `parser:"  @@"`
		Name  *lexer.Token `parser:"| ( (?= Ident ( ':' | '=' )) @Ident"`
		Sep   *lexer.Token `parser:"    @( ':' | '=' ) )?"`
		Value *exprNode    `parser:"  @@"`
	}
	// asNode is an option whose value is a row type written on the spot: `as: { a: float? }`.
	asNode struct {
		Name lexer.Token `parser:"(?= 'as' ':' '{' ) @'as' ':'"`
		Type *typeNode   `parser:"@@"`
	}
	flatNode struct {
		First *operandNode `parser:"@@"`
		Rest  []*infixNode `parser:"@@*"`
	}
	infixNode struct {
		Null []lexer.Token `parser:"  @( 'is' 'not'? 'null' )"`
		Op   []lexer.Token `parser:"| ( @( 'or' | 'and' | '==' | '!=' | '<=' | '>=' | '<' | '>' | 'in' | 'not' 'in' | '??' | '+' | '-' | '*' | '//' | '/' | '%' )"`
		Y    *operandNode  `parser:"    @@ )"`
	}
	operandNode struct {
		Prefix  []lexer.Token  `parser:"@( ( '-' | 'not' )* )"`
		Primary *primaryNode   `parser:"@@"`
		Postfix []*postfixNode `parser:"@@*"`
	}
	primaryNode struct {
		Lit    *lexer.Token `parser:"  @( Number | String | Time | 'true' | 'false' | 'null' )"`
		If     *ifNode      `parser:"| @@"`
		Name   *lexer.Token `parser:"| @Ident"`
		List   *listNode    `parser:"| @@"`
		Record *recordNode  `parser:"| @@"`
		Paren  *argsNode    `parser:"| @@"`
	}
	postfixNode struct {
		Sel   *lexer.Token `parser:"  '.' @Ident"`
		Index *indexNode   `parser:"| @@"`
		Call  *argsNode    `parser:"| @@"`
	}
	indexNode struct {
		Index *exprNode   `parser:"'[' @@"`
		Close lexer.Token `parser:"@']'"`
	}
	ifNode struct {
		If      lexer.Token   `parser:"@'if'"`
		Cond    *exprNode     `parser:"@@"`
		Then    *exprNode     `parser:"'{' @@ '}'"`
		ElseIfs []*elseIfNode `parser:"@@*"`
		Else    *exprNode     `parser:"'else' '{' @@"`
		Close   lexer.Token   `parser:"@'}'"`
	}
	elseIfNode struct {
		If   lexer.Token `parser:"(?= 'else' 'if' ) 'else' @'if'"`
		Cond *exprNode   `parser:"@@"`
		Then *exprNode   `parser:"'{' @@ '}'"`
	}
	listNode struct {
		Open  lexer.Token `parser:"@'['"`
		Elems []*exprNode `parser:"( @@ ( (?! ',' ']' ) ',' @@ )* ','? )?"`
		Close lexer.Token `parser:"@']'"`
	}
	recordNode struct {
		Open   lexer.Token  `parser:"@'{'"`
		Fields []*fieldNode `parser:"( @@ ( (?! ',' '}' ) ',' @@ )* ','? )?"`
		Close  lexer.Token  `parser:"@'}'"`
	}
	fieldNode struct {
		Name  lexer.Token `parser:"@Ident ':'"`
		Value *exprNode   `parser:"@@"`
	}

	// grammarNode names every production that Parse starts from.
	grammarNode struct {
		Import    *importNode   `parser:"  @@"`
		Param     *paramNode    `parser:"| @@"`
		Secret    *secretNode   `parser:"| @@"`
		Type      *typeDeclNode `parser:"| @@"`
		Fn        *fnNode       `parser:"| @@"`
		Let       *letNode      `parser:"| @@"`
		Test      *testNode     `parser:"| @@"`
		Statement *exprNode     `parser:"| @@"`
	}
)

var grammar = participle.MustBuild[grammarNode](participle.Lexer(definition{}), participle.UseLookahead(0))

// definition is the language's lexer as participle wants it. Comments are left out.
type definition struct{}

func (definition) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{
		"EOF": lexer.EOF, "Ident": symbol(TokIdent), "Keyword": symbol(TokKeyword), "Number": symbol(TokNumber),
		"String": symbol(TokString), "Time": symbol(TokTime), "Punct": symbol(TokPunct), "Bad": symbol(TokBad),
	}
}

func symbol(k TokenKind) lexer.TokenType { return lexer.EOF - lexer.TokenType(k) }

// Lex scans a whole input; what is wrong with it stays in the Bad tokens.
func (definition) Lex(name string, r io.Reader) (lexer.Lexer, error) {
	src, err := io.ReadAll(io.LimitReader(r, MaxFileSize+1))
	if err != nil {
		return nil, err
	}
	all, _ := Scan(name, src)
	return &tokenSource{tokens: withoutComments(all)}, nil
}

func withoutComments(all []Token) []Token {
	tokens := make([]Token, 0, len(all))
	for _, t := range all {
		if t.Kind != TokComment && t.Kind != TokDoc {
			tokens = append(tokens, t)
		}
	}
	return tokens
}

// tokenSource hands tokens to participle. The Offset of a participle token is its index in tokens, by which build.go
// finds the Token again.
type tokenSource struct {
	tokens []Token
	next   int
}

func (s *tokenSource) Next() (lexer.Token, error) {
	i := s.next
	if i >= len(s.tokens) || s.tokens[i].Kind == TokEOF {
		return lexer.Token{Type: lexer.EOF, Pos: lexer.Position{Offset: i}}, nil
	}
	s.next++
	t := s.tokens[i]
	return lexer.Token{Type: symbol(t.Kind), Value: t.Text, Pos: lexer.Position{Offset: i}}, nil
}

// production parses all of tokens with one production. On failure it gives the index of the token that did not fit
// and what participle expected there, in its own notation.
func production[P any](tokens []Token) (node *P, at int, expected string, ok bool) {
	parser, err := participle.ParserForProduction[P](grammar)
	if err != nil {
		panic(err) // a production that the grammar lacks: every one is named in grammarNode
	}
	peeker, err := lexer.Upgrade(&tokenSource{tokens: tokens})
	if err != nil {
		panic(err) // tokenSource gives no error
	}
	node, err = parser.ParseFromLexer(peeker)
	if err == nil {
		return node, 0, "", true
	}
	perr, isParticiple := err.(participle.Error)
	if !isParticiple {
		return nil, 0, "", false
	}
	return nil, perr.Position().Offset, expectation(perr.Message()), false
}
