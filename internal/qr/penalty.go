package qr

// Points that count against a mask (§7.8.3.1, Table 11).
const (
	longRun      = 5  // modules of one colour in a row or column from which on they count
	longRunBase  = 3  // points, and one for each module more
	blockPoints  = 3  // for 2 × 2 modules of one colour
	finderPoints = 40 // for what looks like a corner of a QR code
	stepPoints   = 10 // for each step of 5 % away from as many dark modules as light ones
	step         = 5
)

// penalty is how hard a QR code is to read: the points of the standard's four rules.
func (c Code) penalty() (points int) {
	for i := range c.size {
		points += c.linePenalty(i, 0, 0, 1) + c.linePenalty(0, i, 1, 0)
	}
	dark := 0
	for y := range c.size {
		for x := range c.size {
			here := c.dark[y*c.size+x]
			if here {
				dark++
			}
			if x > 0 && y > 0 && here == c.dark[y*c.size+x-1] && here == c.dark[(y-1)*c.size+x] &&
				here == c.dark[(y-1)*c.size+x-1] {
				points += blockPoints
			}
		}
	}
	share := 100 * dark / (c.size * c.size)
	return points + max(50-share, share-50)/step*stepPoints
}

// What looks like a finder pattern, with four light modules before or behind it, as bits.
const (
	finderBits   = 11
	finderAfter  = 0b00001011101
	finderBefore = 0b10111010000
)

// linePenalty is the points of a row or a column, from a module on in one direction.
func (c Code) linePenalty(x, y, dx, dy int) (points int) {
	run, last, bits := 0, false, 0
	for i := range c.size {
		here := c.dark[(y+i*dy)*c.size+x+i*dx]
		if i == 0 || here != last {
			run, last = 0, here
		}
		switch run++; {
		case run == longRun:
			points += longRunBase
		case run > longRun:
			points++
		}
		bits = bits << 1 & (1<<finderBits - 1)
		if here {
			bits |= 1
		}
		if i >= finderBits-1 && (bits == finderAfter || bits == finderBefore) {
			points += finderPoints
		}
	}
	return points
}
