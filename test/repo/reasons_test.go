package repo

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// statuses are what the kinds of errors become, by the names of the kinds.
var statuses = map[string]int{
	"KindInternal": 500, "KindInvalid": 400, "KindUnauthenticated": 401, "KindForbidden": 403,
	"KindNotFound": 404, "KindConflict": 409, "KindUnavailable": 503, "KindGone": 410, "KindTooMany": 429,
}

// constructors are the functions that make an error of a reason, with the kind that each gives it.
var constructors = map[string]string{
	"NotFound": "KindNotFound", "Conflict": "KindConflict", "Invalid": "KindInvalid", "Add": "KindInvalid",
}

// TestErrorsAreOfTheKindOfTheirReason reads every place that makes an error of a reason and of a
// kind, and holds it to the tables that say which status a reason has.
func TestErrorsAreOfTheKindOfTheirReason(t *testing.T) {
	files := goFiles(t)
	reasons := map[string]core.Reason{}
	for _, file := range files {
		addReasons(reasons, file)
	}
	found := 0
	for name, file := range files {
		ast.Inspect(file, func(node ast.Node) bool {
			reason, kind, ok := madeError(node)
			if !ok {
				return true
			}
			found++
			value, known := reasons[reason]
			if !known {
				t.Errorf("%s: %s is no constant", name, reason)
			}
			if want := statuses[kind]; kit.StatusOf(value) != want {
				t.Errorf("%s: an error with the reason %s is made as %d; its table says %d", name, value, want, kit.StatusOf(value))
			}
			return true
		})
	}
	if found < 60 {
		t.Errorf("only %d places were found", found)
	}
}

// TestEveryReasonHasAStatus: the tables of the packages that have reasons have each of them.
func TestEveryReasonHasAStatus(t *testing.T) {
	reasons := map[string]core.Reason{}
	for _, file := range goFiles(t) {
		addReasons(reasons, file)
	}
	if len(reasons) < 40 {
		t.Fatalf("only %v were found", reasons)
	}
	for name, reason := range reasons {
		if !slices.Contains(kit.Reasons(), reason) {
			t.Errorf("%s is in no table: say in core/reasons.go what sort of failure it is", name)
		}
	}
	if len(kit.Reasons()) != len(reasons) {
		t.Errorf("%d reasons have a status, and there are %d", len(kit.Reasons()), len(reasons))
	}
}

// goFiles reads the program's own files.
func goFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	for _, name := range filesOfGit(t) {
		if !strings.HasPrefix(name, "internal/") || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = file
	}
	return files
}

// addReasons adds a file's constants whose names begin with Reason, with their values.
func addReasons(to map[string]core.Reason, file *ast.File) {
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !isReason(spec.Names[0].Name) {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				to[spec.Names[0].Name] = core.Reason(text)
			}
		}
		return true
	})
}

func isReason(name string) bool { return strings.HasPrefix(name, "Reason") && name != "Reason" }

// madeError tells the reason and the kind of an error that a node makes with a constant.
func madeError(node ast.Node) (reason, kind string, ok bool) {
	switch node := node.(type) {
	case *ast.CallExpr:
		kind, ok = constructors[lastName(node.Fun)]
		if !ok || len(node.Args) == 0 {
			return "", "", false
		}
		reason = lastName(node.Args[0])
	case *ast.CompositeLit:
		for _, element := range node.Elts {
			pair, isPair := element.(*ast.KeyValueExpr)
			if !isPair {
				continue
			}
			switch lastName(pair.Key) {
			case "Kind":
				kind = lastName(pair.Value)
				_, ok = statuses[kind]
			case "Reason":
				reason = lastName(pair.Value)
			}
		}
	}
	return reason, kind, ok && isReason(reason)
}

// lastName is the name that x or y.x ends in.
func lastName(expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	default:
		return ""
	}
}
