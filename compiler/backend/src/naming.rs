//! Names in the case that a target asks for.

/// The words of a name in any case: `PlaceOrder`, `place_order` and `HTTPServer` have two each.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (i, c) in chars.iter().copied().enumerate() {
        if c == '_' || c == '-' || c == '.' {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            continue;
        }
        let after_lower = i > 0 && (chars[i - 1].is_lowercase() || chars[i - 1].is_ascii_digit());
        let before_lower = chars.get(i + 1).is_some_and(|n| n.is_lowercase());
        let starts = c.is_uppercase() && !word.is_empty() && (after_lower || before_lower);
        if starts {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    first + &chars.as_str().to_lowercase()
}

/// `place_order`
#[must_use]
pub fn snake(name: &str) -> String {
    words(name).iter().map(|w| w.to_lowercase()).collect::<Vec<_>>().join("_")
}

/// `PLACE_ORDER`
#[must_use]
pub fn screaming(name: &str) -> String {
    snake(name).to_uppercase()
}

/// `PlaceOrder`
#[must_use]
pub fn camel(name: &str) -> String {
    words(name).iter().map(|w| capitalised(w)).collect()
}

/// The JSON name that Protobuf gives a field: `_x` becomes `X`, all else stays.
#[must_use]
pub fn json(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    let mut upper = false;
    for c in field.chars() {
        if c == '_' {
            upper = true;
        } else if upper {
            out.extend(c.to_uppercase());
            upper = false;
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_follow_the_words() {
        assert_eq!(snake("PlaceOrder"), "place_order");
        assert_eq!(snake("HTTPServer"), "http_server");
        assert_eq!(snake("card_last4"), "card_last4");
        assert_eq!(screaming("OrderStatus"), "ORDER_STATUS");
        assert_eq!(camel("card_last4"), "CardLast4");
        assert_eq!(camel("HTTPServer"), "HttpServer");
    }

    #[test]
    fn json_names_are_those_of_protoc() {
        assert_eq!(json("price_usd"), "priceUsd");
        assert_eq!(json("card_last4"), "cardLast4");
        assert_eq!(json("a__b_"), "aB");
    }
}
