package diag

// CodesW6 are the codes of running, which runtime/ and cmd/ give.
var CodesW6 = []CodeInfo{}
