package qr

import (
	"bufio"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
)

// Picture is how a QR code is drawn.
type Picture struct {
	Code   Code
	Size   int // pixels of a side, with the margin
	Margin int // light modules on each side, at least
}

// TooSmallError says that a picture has less than a pixel for each module.
type TooSmallError struct{ Least int } // pixels that a side needs

func (e TooSmallError) Error() string {
	return fmt.Sprintf("is too small for this QR code, which needs %d pixels at least", e.Least)
}

// modules is how many modules a side has, with the margin.
func (p Picture) modules() int { return p.Code.Size() + 2*p.Margin }

// PNG writes the picture in black and white. All modules have the same whole number of pixels, so that
// edges are sharp; pixels that are left over go to the margin.
func (p Picture) PNG(to io.Writer) error {
	scale := p.Size / p.modules()
	if scale == 0 {
		return TooSmallError{Least: p.modules()}
	}
	drawn := image.NewPaletted(image.Rect(0, 0, p.Size, p.Size), color.Palette{color.White, color.Black})
	offset := (p.Size - p.Code.Size()*scale) / 2
	for _, run := range p.Code.Runs() {
		for y := range scale {
			start := drawn.PixOffset(offset+run.X*scale, offset+run.Y*scale+y)
			for i := range run.Length * scale {
				drawn.Pix[start+i] = 1
			}
		}
	}
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	return encoder.Encode(to, drawn)
}

// SVG writes the picture as one path on white. It can be printed in any size.
func (p Picture) SVG(to io.Writer) error {
	out := bufio.NewWriter(to) // whose Flush returns the errors
	side := p.modules()
	_, _ = fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" `+
		"shape-rendering=\"crispEdges\">\n<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/>\n<path d=\"",
		p.Size, p.Size, side, side, side, side)
	for _, run := range p.Code.Runs() {
		_, _ = fmt.Fprintf(out, "M%d %dh%dv1h-%dz", run.X+p.Margin, run.Y+p.Margin, run.Length, run.Length)
	}
	_, _ = out.WriteString("\"/>\n</svg>\n")
	return out.Flush()
}
