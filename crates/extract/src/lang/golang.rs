//! Go to the common tree.

use super::lower::Lower;
use tree_sitter::Node;

pub fn lower(_cx: &mut Lower<'_>, _root: Node<'_>) {}
