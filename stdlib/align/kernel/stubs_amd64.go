package kernel

//go:noescape
func local8AVX2(a *args)

//go:noescape
func local16AVX2(a *args)

//go:noescape
func local32AVX2(a *args)

//go:noescape
func global16AVX2(a *args)

//go:noescape
func global32AVX2(a *args)

//go:noescape
func build8AVX2(a *buildArgs)

//go:noescape
func build16AVX2(a *buildArgs)

//go:noescape
func local8AVX512(a *args)

//go:noescape
func local16AVX512(a *args)

//go:noescape
func local32AVX512(a *args)

//go:noescape
func global16AVX512(a *args)

//go:noescape
func global32AVX512(a *args)

//go:noescape
func build8AVX512(a *buildArgs)

//go:noescape
func build16AVX512(a *buildArgs)

//go:noescape
func column16AVX512(a *args)

//go:noescape
func column32AVX512(a *args)

//go:noescape
func column16AVX2(a *args)

//go:noescape
func column32AVX2(a *args)

//go:noescape
func fillLocal8AVX2(a *args)

//go:noescape
func fillLocal16AVX2(a *args)

//go:noescape
func fillGlobal16AVX2(a *args)

//go:noescape
func pairs8AVX2(a *pairArgs)

//go:noescape
func pairs16AVX2(a *pairArgs)
