package diag

// CodesW5 are the codes of cost, which planner/price gives.
var CodesW5 = []CodeInfo{}
