//! What `Debug` says of values that nobody is to see.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

/// Something whose length alone is shown.
pub(crate) trait Hide {
    fn hide(&self) -> Hidden;
}

/// That there is something, and how long it is.
pub(crate) struct Hidden(Option<usize>);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(length) => write!(f, "<{length} hidden>"),
            None => f.write_str("None"),
        }
    }
}

macro_rules! hides {
    ($($type:ty)*) => {$(
        impl Hide for $type {
            fn hide(&self) -> Hidden {
                Hidden(Some(self.len()))
            }
        }
    )*};
}

hides! { Bytes String Arc<str> }

impl<T> Hide for Vec<T> {
    fn hide(&self) -> Hidden {
        Hidden(Some(self.len()))
    }
}

impl<T: Hide> Hide for Option<T> {
    fn hide(&self) -> Hidden {
        self.as_ref().map_or(Hidden(None), Hide::hide)
    }
}

/// `Debug` of a struct: some fields as they are, then those of which the length alone is shown.
macro_rules! hidden {
    ($($name:ident { $($shown:ident)* } $($hidden:ident)+;)*) => {$(
        impl std::fmt::Debug for $name {
            /// Without what may be sensitive.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($shown), &self.$shown))*
                    $(.field(stringify!($hidden), &$crate::hidden::Hide::hide(&self.$hidden)))+
                    .finish()
            }
        }
    )*};
}
pub(crate) use hidden;
