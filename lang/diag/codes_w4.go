package diag

// CodesW4 are the codes of planning, which planner/ gives.
var CodesW4 = []CodeInfo{}
