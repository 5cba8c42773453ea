//! multiproc-scope
