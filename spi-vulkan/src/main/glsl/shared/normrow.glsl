// A norm runs over the innermost axis: one work group per vector of n channels.
//@ tensor x
//@ tensor weight
//@ tensor out
//@ uint n
//@ uint perToken
//@ float eps
uint token() { return groupIndex() / P.perToken; }
uint column(uint c) { return groupIndex() % P.perToken * P.n + c; }
