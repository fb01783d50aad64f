//! Server-rendered pieces that pages are made of, one file each. They hold no business rule, ask no
//! port, and ship no WASM; anything that needs the browser is an island.

mod badge;
mod button;
mod definition_list;
mod dialog;
mod empty;
mod field;
mod icon;
mod navigation;
mod notice;
mod page_header;
mod pagination;
mod stat;
mod table;
mod tabs;
mod text_area;
mod time;

pub use badge::*;
pub use button::*;
pub use definition_list::*;
pub use dialog::*;
pub use empty::*;
pub use field::*;
pub use icon::*;
pub use navigation::*;
pub use notice::*;
pub use page_header::*;
pub use pagination::*;
pub use stat::*;
pub use table::*;
pub use tabs::*;
pub use text_area::*;
pub use time::*;
