package codes

import (
	"context"
)

type batchSizeKey struct{}

// WithBatchSize returns a context through which a store can say how many codes, or acts,
// shared the commit or the look-up of a call that was made with it. The store writes size
// before the call returns.
func WithBatchSize(ctx context.Context, size *int) context.Context {
	return context.WithValue(ctx, batchSizeKey{}, size)
}

// ReportBatchSize tells the caller of [WithBatchSize], if there is one. Only the
// goroutine that was called with ctx may call it.
func ReportBatchSize(ctx context.Context, size int) {
	if into, ok := ctx.Value(batchSizeKey{}).(*int); ok {
		*into = size
	}
}
