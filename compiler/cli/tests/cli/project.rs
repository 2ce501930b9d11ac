//! new

use super::sandbox::Sandbox;

#[test]
fn every_template_makes_contracts_that_are_clean_and_formatted() {
    for template in ["service", "workspace"] {
        let sandbox = Sandbox::new();
        let made = sandbox.run(["new", "my-shop", "--template", template]);
        assert_eq!(made.code, Some(0), "{made:?}");
        let greeter = if template == "service" { "my-shop" } else { "my-shop/greeter" };
        for args in [&["check", greeter][..], &["fmt", "--check", greeter]] {
            let ran = sandbox.run(args);
            assert_eq!(ran.code, Some(0), "{template}: {args:?}: {ran:?}");
        }
    }
}

#[test]
fn it_never_writes_into_what_is_there() {
    let sandbox = Sandbox::new();
    sandbox.write("shop/mine", "mine");
    let ran = sandbox.run(["new", "shop"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("shop exists already"), "{}", ran.stderr);
    for name in ["Shop", "fn", "a b", ".."] {
        assert_eq!(sandbox.run(["new", name]).code, Some(2), "{name}");
    }
}
