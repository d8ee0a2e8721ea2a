//! `serve` where it ends at once: rules that are checked, and command lines that can't be meant. The
//! services themselves are left to the integration tests.

use crate::shell::Shell;

const RULES: &str =
    "[[rule]]\nname = 'old'\nfield = 'Version'\nmatches = '^1\\.'\nresult = 'reject'\n
[[rule]]\nname = 'some'\nfield = 'ProductName'\nequals = 'Demo'\nresult = 'accept'
percentage = 12.5\notherwise = 'discard'\n";

#[test]
fn the_rule_that_decides_is_said_with_what_becomes_of_the_crash() {
    let shell = Shell::new();
    let rules = shell.write("rules.toml", RULES);
    let check = ["serve", "--check-rules", &rules];
    for (annotations, said) in [
        (r#"{"ProductName": "Demo"}"#, "some: accept 12.5%, discard 87.5%\n"),
        (r#"{"Version": "1.0"}"#, "old: defer\n"),
        (r#"{"Version": "1.0", "Throttleable": "1"}"#, "old: discard\n"),
        (r#"{"Version": "1.0", "Throttleable": "0"}"#, "throttleable_0: accept\n"),
        ("{}", "none: accept\n"),
    ] {
        let ended = shell.run_with(&check, annotations.as_bytes());
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), said), "{}", ended.message);
    }
    let json = [&check[..], &["--json"]].concat();
    let ended = shell.run_with(&json, b"{}");
    let expected = "{\"results\":[{\"percentage\":100.0,\"result\":\"accept\"}],\"rule\":null}\n";
    assert_eq!(ended.stdout, expected);
    assert_eq!(shell.run_with(&check, b"[1]").code, Some(1));
    assert!(!shell.path("store").exists(), "no store is needed");
}

#[test]
fn what_is_wrong_with_rules_is_said_with_its_line() {
    let shell = Shell::new();
    for (text, said) in [
        (RULES.replace("equals", "equal"), "line 10 of the throttling rules: unknown field"),
        (RULES.replace("'^1", "'(^1"), "line 2 of the throttling rules: the rule \"old\" has a"),
        (RULES.replace("'reject'", "'throw'"), "line 5 of the throttling rules: unknown variant"),
    ] {
        let rules = shell.write("rules.toml", text);
        for option in ["--check-rules", "--rules"] {
            let serve = ["serve", "--listen", "127.0.0.1:0", option, &rules];
            let serve = if option == "--rules" { &serve[..] } else { &["serve", option, &rules] };
            let message = shell.fail(2, serve);
            assert!(message.contains(&format!("rules.toml: {said}")), "{message}");
        }
    }
    let message = shell.fail(2, &["serve", "--check-rules", "absent.toml"]);
    assert!(message.contains("can't read absent.toml"), "{message}");
}

#[test]
fn a_token_that_no_header_can_hold_is_named_and_not_shown() {
    let shell = Shell::new();
    let mut command = shell.command(&["serve", "--listen", "127.0.0.1:0"]);
    let output = command.env("SOCORRO_HBASE_READ_TOKEN", "open sesame").output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("SOCORRO_HBASE_READ_TOKEN has to be"), "{message}");
    assert!(!message.contains("sesame"), "{message}");
}
