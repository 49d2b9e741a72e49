package kernel

// build32 fills a profile of 32-bit elements. There are few pairs that need one.
func build32(b *buildArgs) { buildElements(b, 32) }

// buildElements fills a profile of elements of any width.
func buildElements(b *buildArgs, bits int) {
	lanes := len(b.codes) / int(b.tiles) / tileColumns
	scale := b.scale
	if bits == 8 {
		scale = 1
	}
	at := 0
	for tile := range int(b.tiles) {
		codes := b.codes[tile*tileColumns*lanes:][:tileColumns*lanes]
		for row := range int(b.rows) {
			scores := b.table[row*32:][:32]
			for _, code := range codes {
				value := b.add
				if code != noCode {
					value += scale * int64(int8(scores[code]))
				}
				setElement(b.profile[at:], bits, 0, int32(value))
				at += bits / 8
			}
		}
	}
}
