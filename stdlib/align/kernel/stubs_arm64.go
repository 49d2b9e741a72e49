package kernel

//go:noescape
func local8NEON(a *args)

//go:noescape
func local16NEON(a *args)

//go:noescape
func local32NEON(a *args)

//go:noescape
func global16NEON(a *args)

//go:noescape
func global32NEON(a *args)

//go:noescape
func build8NEON(a *buildArgs)

//go:noescape
func build16NEON(a *buildArgs)

//go:noescape
func column16NEON(a *args)

//go:noescape
func column32NEON(a *args)

//go:noescape
func fillLocal8NEON(a *args)

//go:noescape
func fillLocal16NEON(a *args)

//go:noescape
func fillGlobal16NEON(a *args)

//go:noescape
func pairs8NEON(a *pairArgs)

//go:noescape
func pairs16NEON(a *pairArgs)
