package repo

import (
	"go/ast"
	"testing"
)

// TestDepsArePrivate: what a constructor takes is copied into fields that no other package sees.
// A Deps within another type would hand it on.
func TestDepsArePrivate(t *testing.T) {
	found := 0
	for name, file := range goFiles(t) {
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.TypeSpec:
				if node.Name.Name == "Deps" {
					found++
				}
			case *ast.Field:
				if !isDeps(node.Type) {
					return true
				}
				for _, field := range node.Names {
					if field.IsExported() {
						t.Errorf("%s: the field %s is a Deps that others see", name, field.Name)
					}
				}
				if len(node.Names) == 0 {
					t.Errorf("%s: a Deps is embedded", name)
				}
			}
			return true
		})
	}
	if found < 3 {
		t.Errorf("only %d types Deps were found", found)
	}
}

// isDeps reports whether an expression is Deps, x.Deps or a pointer to one.
func isDeps(expression ast.Expr) bool {
	if star, ok := expression.(*ast.StarExpr); ok {
		expression = star.X
	}
	return lastName(expression) == "Deps"
}
