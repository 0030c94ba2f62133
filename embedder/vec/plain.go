package vec

// The plain Go twins of the kernels. They run where there is no assembly, and
// the tests hold the assembly to them.

func dotGo(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += v * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

func axpyGo(alpha float32, x, y []float32) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += alpha * v
	}
}

func dotI8Go(a []uint8, b []int8) int32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 int32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += int32(a[0]) * int32(b[0])
		s1 += int32(a[1]) * int32(b[1])
		s2 += int32(a[2]) * int32(b[2])
		s3 += int32(a[3]) * int32(b[3])
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += int32(v) * int32(b[i])
	}
	return s0 + s1 + s2 + s3
}

func atLeastGo(mask []uint64, x []float32, floor float32) {
	for w := 0; len(x) > 0; w++ {
		var bits uint64
		n := min(64, len(x))
		for i, v := range x[:n] {
			if v >= floor {
				bits |= 1 << i
			}
		}
		mask[w] = bits
		x = x[n:]
	}
}

func atLeastEachGo(mask []uint64, x, floors []float32) {
	floors = floors[:len(x)]
	for w := 0; len(x) > 0; w++ {
		var bits uint64
		n := min(64, len(x))
		for i, v := range x[:n] {
			if v >= floors[i] {
				bits |= 1 << i
			}
		}
		mask[w] = bits
		x, floors = x[n:], floors[n:]
	}
}

// tileGo adds a*panel to from and leaves the sum in c: rows rows of a, columns
// of the panel's columns. Row i of c begins with from[i*step:].
func tileGo(c []float32, ldc int, from []float32, step int, a []float32, lda int, panel []float32, rows, k, columns int) {
	i := 0
	for ; i+2 <= rows; i += 2 {
		twoRowsGo(c[i*ldc:], ldc, from[i*step:], step, a[i*lda:], lda, panel, k, columns)
	}
	if i < rows {
		oneRowGo(c[i*ldc:], from[i*step:], a[i*lda:], panel, k, columns)
	}
}

// twoRowsGo makes two rows of a tile, four columns at a time: eight sums and
// six operands stay in registers.
func twoRowsGo(c []float32, ldc int, from []float32, step int, a []float32, lda int, panel []float32, k, columns int) {
	a0, a1 := a[:k], a[lda:lda+k]
	j := 0
	for ; j+4 <= columns; j += 4 {
		f0, f1 := from[j:j+4], from[step+j:step+j+4]
		s0, s1, s2, s3 := f0[0], f0[1], f0[2], f0[3]
		t0, t1, t2, t3 := f1[0], f1[1], f1[2], f1[3]
		b := panel[j:]
		for p, u := range a0 {
			v := a1[p]
			w := (*[4]float32)(b[p*PanelWidth:])
			s0 += u * w[0]
			s1 += u * w[1]
			s2 += u * w[2]
			s3 += u * w[3]
			t0 += v * w[0]
			t1 += v * w[1]
			t2 += v * w[2]
			t3 += v * w[3]
		}
		c0, c1 := c[j:j+4], c[ldc+j:ldc+j+4]
		c0[0], c0[1], c0[2], c0[3] = s0, s1, s2, s3
		c1[0], c1[1], c1[2], c1[3] = t0, t1, t2, t3
	}
	for ; j < columns; j++ {
		c[j] = oneGo(from[j], a0, panel[j:])
		c[ldc+j] = oneGo(from[step+j], a1, panel[j:])
	}
}

func oneRowGo(c, from, a, panel []float32, k, columns int) {
	a = a[:k]
	j := 0
	for ; j+4 <= columns; j += 4 {
		f := from[j : j+4]
		s0, s1, s2, s3 := f[0], f[1], f[2], f[3]
		b := panel[j:]
		for p, u := range a {
			w := (*[4]float32)(b[p*PanelWidth:])
			s0 += u * w[0]
			s1 += u * w[1]
			s2 += u * w[2]
			s3 += u * w[3]
		}
		d := c[j : j+4]
		d[0], d[1], d[2], d[3] = s0, s1, s2, s3
	}
	for ; j < columns; j++ {
		c[j] = oneGo(from[j], a, panel[j:])
	}
}

func oneGo(s float32, a, b []float32) float32 {
	for p, u := range a {
		s += u * b[p*PanelWidth]
	}
	return s
}
