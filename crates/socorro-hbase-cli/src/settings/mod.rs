//! Settings: flags first, then environment variables, then a file, then a default.
//!
//! For the one rule of which value counts, and for showing where it came from. How the file is read
//! is in `file`; the flags are `args`'s, and what a value is used for is left to the commands.

mod file;

use std::{
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
    fmt,
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use anyhow::{Context, Result};
use hbase_thrift_client::Config;
use socorro_hbase_client::Worker;

use self::file::{A_LEASE, A_WORKER, File, NO_SERVER, wrong};
use crate::failure::WrongCommandLine;

/// What was set besides flags.
#[derive(Debug)]
pub(crate) struct Settings {
    variables: Variables,
    file: Option<Setting<File>>,
}

/// A value and where it came from.
#[derive(Debug, PartialEq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) source: Source,
}

/// Where a value came from; what is named first goes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Flag(&'static str),
    Variable(&'static str),
    File(PathBuf),
    Default,
}

/// What a command works on.
#[derive(Debug)]
pub(crate) enum Choice {
    Server(Box<Config>),
    Embedded(PathBuf),
}

type Variables = BTreeMap<&'static str, OsString>;

/// A setting's names; its key in the file is the flag's.
struct Name {
    flag: &'static str,
    variable: &'static str,
}

const CONFIG: Name = Name { flag: "--config", variable: "SOCORRO_HBASE_CONFIG" };
const SERVER: Name = Name { flag: "--server", variable: "SOCORRO_HBASE_SERVER" };
const STORE: Name = Name { flag: "--store", variable: "SOCORRO_HBASE_STORE" };
const WORKER: Name = Name { flag: "--worker", variable: "SOCORRO_HBASE_WORKER" };
const LEASE: Name = Name { flag: "--lease", variable: "SOCORRO_HBASE_LEASE" };
const SYMBOLS: Name = Name { flag: "--symbols", variable: "SOCORRO_HBASE_SYMBOLS" };
const SYMBOLS_URL: Name = Name { flag: "--symbols-url", variable: "SOCORRO_HBASE_SYMBOLS_URL" };
const SIGNATURE_LISTS: Name =
    Name { flag: "--signature-lists", variable: "SOCORRO_HBASE_SIGNATURE_LISTS" };

/// Secrets are in the environment only: others see a command line.
const READ_TOKEN: &str = "SOCORRO_HBASE_READ_TOKEN";
const SUBMIT_TOKEN: &str = "SOCORRO_HBASE_SUBMIT_TOKEN";

const DEFAULT_WORKER: &str = "socorro-hbase";
const DEFAULT_LEASE: Duration = Duration::from_mins(5);

impl Settings {
    /// The environment, and the file that the flag or the environment names, or else the user's own
    /// if there is one.
    pub(crate) fn load(config: Option<PathBuf>) -> Result<Self> {
        let users = dirs::config_dir().map(|folder| folder.join("socorro-hbase/config.toml"));
        Self::read(environment(), config, users)
    }

    fn read(variables: Variables, flag: Option<PathBuf>, users: Option<PathBuf>) -> Result<Self> {
        let mut settings = Self { variables, file: None };
        settings.file = match settings.first(&CONFIG, flag.map(Ok), as_path, |_| None) {
            Some(named) => {
                let named = named.checked()?;
                Some(Setting { value: File::read(&named.value)?, source: named.source })
            }
            None => {
                let file = users.map(|path| File::read_if_there(&path)).transpose()?.flatten();
                file.map(|value| Setting { value, source: Source::Default })
            }
        };
        Ok(settings)
    }

    /// The file that was read, and what named it.
    pub(crate) fn file(&self) -> Setting<Option<PathBuf>> {
        match &self.file {
            Some(file) => {
                Setting { value: Some(file.value.path.clone()), source: file.source.clone() }
            }
            None => Setting { value: None, source: Source::Default },
        }
    }

    /// What to work on: what goes first of the servers and stores that are set, a server before a
    /// store of the same source.
    pub(crate) fn choose(
        &self,
        server: Option<&str>,
        store: Option<PathBuf>,
    ) -> Result<Setting<Choice>> {
        if server.is_some() && store.is_some() {
            let message = format!("{} cannot be used with {}", SERVER.flag, STORE.flag);
            return Err(WrongCommandLine(message).into());
        }
        let store = self.store_or_problem(store);
        match self.server_or_problem(server) {
            Some(server) if server.source.rank() <= store.source.rank() => {
                let Setting { value, source } = server.checked()?;
                Ok(Setting { value: Choice::Server(Box::new(value)), source })
            }
            _ => {
                let Setting { value, source } = store.checked()?;
                Ok(Setting { value: Choice::Embedded(value), source })
            }
        }
    }

    pub(crate) fn server(&self, flag: Option<&str>) -> Result<Option<Setting<Config>>> {
        self.server_or_problem(flag).map(Setting::checked).transpose()
    }

    pub(crate) fn store(&self, flag: Option<PathBuf>) -> Result<Setting<PathBuf>> {
        self.store_or_problem(flag).checked()
    }

    pub(crate) fn worker(&self, flag: Option<Worker>) -> Result<Setting<Worker>> {
        let worker = |text: &OsStr| {
            parsed(text).with_context(|| WrongCommandLine(wrong(WORKER.variable, A_WORKER)))
        };
        let named = self.first(&WORKER, flag.map(Ok), worker, |file| file.worker.clone());
        named
            .unwrap_or_else(|| Setting::default(DEFAULT_WORKER.parse().map_err(Into::into)))
            .checked()
    }

    pub(crate) fn lease(&self, flag: Option<Duration>) -> Result<Setting<Duration>> {
        let lease = |text: &OsStr| {
            text.to_str()
                .and_then(|text| humantime::parse_duration(text).ok())
                .with_context(|| WrongCommandLine(wrong(LEASE.variable, A_LEASE)))
        };
        let named = self.first(&LEASE, flag.map(Ok), lease, |file| file.lease);
        named.unwrap_or_else(|| Setting::default(Ok(DEFAULT_LEASE))).checked()
    }

    /// The folders of the source that goes first; sources don't add up.
    pub(crate) fn symbols(&self, flag: Vec<PathBuf>) -> Result<Setting<Vec<PathBuf>>> {
        let flag = (!flag.is_empty()).then_some(Ok(flag));
        let list = |text: &OsStr| {
            Ok(env::split_paths(text).filter(|path| !path.as_os_str().is_empty()).collect())
        };
        let named = self.first(&SYMBOLS, flag, list, |file| file.symbols.clone());
        named.unwrap_or_else(|| Setting::default(Ok(Vec::new()))).checked()
    }

    /// The servers of the source that goes first.
    pub(crate) fn symbols_url(&self, flag: Vec<String>) -> Result<Setting<Vec<String>>> {
        let flag = (!flag.is_empty()).then_some(Ok(flag));
        let list = |text: &OsStr| {
            let text = text.to_string_lossy();
            Ok(text.split_whitespace().map(str::to_owned).collect())
        };
        let named = self.first(&SYMBOLS_URL, flag, list, |file| file.symbols_url.clone());
        named.unwrap_or_else(|| Setting::default(Ok(Vec::new()))).checked()
    }

    /// The folder of lists for signatures; `None` for those that are built in.
    pub(crate) fn signature_lists(
        &self,
        flag: Option<PathBuf>,
    ) -> Result<Setting<Option<PathBuf>>> {
        let named = self
            .first(&SIGNATURE_LISTS, flag.map(Ok), as_path, |file| file.signature_lists.clone());
        let Some(Setting { value, source }) = named else {
            return Ok(Setting { value: None, source: Source::Default });
        };
        Ok(Setting { value: Some(value?), source })
    }

    /// The token of those who may read crashes as they are stored.
    pub(crate) fn read_token(&self) -> Result<Option<String>> {
        self.token(READ_TOKEN)
    }

    /// The token of those who may choose a crash's name.
    pub(crate) fn submit_token(&self) -> Result<Option<String>> {
        self.token(SUBMIT_TOKEN)
    }

    fn token(&self, name: &str) -> Result<Option<String>> {
        let Some(text) = self.variables.get(name) else { return Ok(None) };
        // What a header can hold.
        let token = text.to_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
        match token {
            Some(token) => Ok(Some(token.to_owned())),
            None => {
                let message = format!("{name} has to be printable ASCII without blanks");
                Err(WrongCommandLine(message).into())
            }
        }
    }

    fn server_or_problem(&self, flag: Option<&str>) -> Option<Setting<Result<Config>>> {
        let server = |name: &'static str, url: &str| {
            url.parse::<Config>().with_context(|| WrongCommandLine(format!("{name} {NO_SERVER}")))
        };
        let flag = flag.map(|url| server(SERVER.flag, url));
        let variable = |text: &OsStr| server(SERVER.variable, &text.to_string_lossy());
        self.first(&SERVER, flag, variable, |file| file.server.clone())
    }

    fn store_or_problem(&self, flag: Option<PathBuf>) -> Setting<Result<PathBuf>> {
        self.first(&STORE, flag.map(Ok), as_path, |file| file.store.clone())
            .unwrap_or_else(|| Setting::default(default_store()))
    }

    /// The rule. A problem is kept for the one who uses the value: what nobody uses harms nobody.
    fn first<T>(
        &self,
        name: &Name,
        flag: Option<Result<T>>,
        from_variable: impl FnOnce(&OsStr) -> Result<T>,
        from_file: impl FnOnce(&File) -> Option<T>,
    ) -> Option<Setting<Result<T>>> {
        if let Some(value) = flag {
            return Some(Setting { value, source: Source::Flag(name.flag) });
        }
        if let Some(text) = self.variables.get(name.variable) {
            let source = Source::Variable(name.variable);
            return Some(Setting { value: from_variable(text), source });
        }
        let file = &self.file.as_ref()?.value;
        Some(Setting { value: Ok(from_file(file)?), source: Source::File(file.path.clone()) })
    }
}

impl<T> Setting<Result<T>> {
    fn default(value: Result<T>) -> Self {
        Self { value, source: Source::Default }
    }

    fn checked(self) -> Result<Setting<T>> {
        Ok(Setting { value: self.value?, source: self.source })
    }
}

impl Source {
    fn rank(&self) -> u8 {
        match self {
            Self::Flag(_) => 0,
            Self::Variable(_) => 1,
            Self::File(_) => 2,
            Self::Default => 3,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::File(path) => path.display().fmt(f),
            Self::Default => f.write_str("default"),
        }
    }
}

fn parsed<T: FromStr>(text: &OsStr) -> Option<T> {
    text.to_str()?.parse().ok()
}

#[expect(clippy::unnecessary_wraps, reason = "other variables can be wrong")]
fn as_path(text: &OsStr) -> Result<PathBuf> {
    Ok(PathBuf::from(text))
}

fn default_store() -> Result<PathBuf> {
    let data = dirs::data_local_dir().with_context(|| {
        WrongCommandLine(format!(
            "the user has no folder for data: name one for the store with {} or {}",
            STORE.flag, STORE.variable
        ))
    })?;
    Ok(data.join("socorro-hbase"))
}

/// An empty variable is how a shell takes one back.
fn environment() -> Variables {
    [CONFIG, SERVER, STORE, WORKER, LEASE, SYMBOLS, SYMBOLS_URL, SIGNATURE_LISTS]
        .into_iter()
        .map(|name| name.variable)
        .chain([READ_TOKEN, SUBMIT_TOKEN])
        .filter_map(|variable| Some((variable, env::var_os(variable)?)))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use tempfile::TempDir;

    use super::*;

    /// A folder with a file of settings.
    struct Folder(TempDir);

    impl Folder {
        fn with(text: &str) -> Self {
            let folder = Self(tempfile::tempdir().unwrap());
            fs::write(folder.file(), text).unwrap();
            folder
        }

        fn file(&self) -> PathBuf {
            self.0.path().join("config.toml")
        }

        fn settings(&self, variables: &[(&'static str, &str)]) -> Settings {
            Settings::read(these(variables), None, Some(self.file())).unwrap()
        }
    }

    fn these(variables: &[(&'static str, &str)]) -> Variables {
        variables.iter().map(|(name, value)| (*name, OsString::from(value))).collect()
    }

    fn without_file(variables: &[(&'static str, &str)]) -> Settings {
        Settings::read(these(variables), None, None).unwrap()
    }

    fn is_wrong_command_line<T>(result: Result<T>, expected: &str) {
        let Err(error) = result else { panic!("{expected} has to fail") };
        assert!(error.is::<WrongCommandLine>(), "{error:#}");
        assert!(format!("{error:#}").contains(expected), "{error:#}");
    }

    #[test]
    fn a_flag_goes_before_a_variable_before_the_file_before_the_default() {
        let folder = Folder::with("worker = 'file'");
        let in_file = Source::File(folder.file());
        let settings = folder.settings(&[("SOCORRO_HBASE_WORKER", "variable")]);
        let worker = |settings: &Settings, flag: Option<&str>| {
            let found = settings.worker(flag.map(|name| name.parse().unwrap())).unwrap();
            (found.value.to_string(), found.source)
        };
        assert_eq!(worker(&settings, Some("flag")), ("flag".into(), Source::Flag("--worker")));
        assert_eq!(
            worker(&settings, None),
            ("variable".into(), Source::Variable("SOCORRO_HBASE_WORKER"))
        );
        assert_eq!(worker(&folder.settings(&[]), None), ("file".into(), in_file));
        assert_eq!(worker(&without_file(&[]), None), ("socorro-hbase".into(), Source::Default));
    }

    #[test]
    fn every_setting_has_a_variable() {
        let settings =
            without_file(&[("SOCORRO_HBASE_LEASE", "90s"), ("SOCORRO_HBASE_STORE", "data")]);
        assert_eq!(settings.lease(None).unwrap().value, Duration::from_secs(90));
        assert_eq!(settings.store(None).unwrap().value, Path::new("data"));
        let folders = env::join_paths(["a", "", "b c"]).unwrap();
        let symbols = Settings {
            variables: [("SOCORRO_HBASE_SYMBOLS", folders)].into(),
            ..without_file(&[])
        };
        assert_eq!(symbols.symbols(Vec::new()).unwrap().value, ["a", "b c"].map(PathBuf::from));
    }

    #[test]
    fn lists_of_folders_do_not_add_up() {
        let settings = Folder::with("symbols = ['a']").settings(&[]);
        let flag = vec![PathBuf::from("b")];
        assert_eq!(settings.symbols(flag.clone()).unwrap().value, flag);
    }

    /// What is worked on, as text.
    fn choice(settings: &Settings, server: Option<&str>, store: Option<&str>) -> String {
        let Setting { value, source } = settings.choose(server, store.map(Into::into)).unwrap();
        let value = match value {
            Choice::Server(config) => config.get_endpoints()[0].host().to_owned(),
            Choice::Embedded(folder) => folder.file_name().unwrap().to_string_lossy().into_owned(),
        };
        format!("{value} {}", source.rank())
    }

    #[test]
    fn a_server_goes_before_a_store_of_the_same_source_only() {
        let server = ("SOCORRO_HBASE_SERVER", "hbase://server-of-variable");
        let store = ("SOCORRO_HBASE_STORE", "store-of-variable");
        let both = Folder::with("server = 'hbase://server-of-file'\nstore = 'store-of-file'");
        let all = both.settings(&[server, store]);
        assert_eq!(choice(&all, Some("hbase://flag"), None), "flag 0");
        assert_eq!(choice(&all, None, Some("flag")), "flag 0");
        assert_eq!(choice(&all, None, None), "server-of-variable 1");
        assert_eq!(choice(&both.settings(&[store]), None, None), "store-of-variable 1");
        assert_eq!(choice(&both.settings(&[]), None, None), "server-of-file 2");
        let store_only = Folder::with("store = 'store-of-file'");
        assert_eq!(choice(&store_only.settings(&[server]), None, None), "server-of-variable 1");
        assert_eq!(choice(&store_only.settings(&[]), None, None), "store-of-file 2");
        assert_eq!(choice(&without_file(&[]), None, None), "socorro-hbase 3");
    }

    #[test]
    fn a_variable_that_is_wrong_is_named_where_it_is_used() {
        let settings = without_file(&[
            ("SOCORRO_HBASE_SERVER", "localhost:9090"),
            ("SOCORRO_HBASE_WORKER", "two words"),
            ("SOCORRO_HBASE_LEASE", "soon"),
        ]);
        is_wrong_command_line(settings.choose(None, None), "SOCORRO_HBASE_SERVER is no server");
        let both = settings.choose(Some("hbase://flag"), Some("flag".into()));
        is_wrong_command_line(both, "--server cannot be used with --store");
        is_wrong_command_line(settings.worker(None), "SOCORRO_HBASE_WORKER has to be a name of");
        is_wrong_command_line(settings.lease(None), "SOCORRO_HBASE_LEASE has to be a time like");
        assert_eq!(choice(&settings, None, Some("flag")), "flag 0");
    }

    #[test]
    fn a_flag_that_is_no_url_is_named_without_its_password() {
        let settings = without_file(&[]);
        let error = settings.server(Some("https://me:s3cret@h:port")).unwrap_err();
        assert!(!format!("{error:#}").contains("s3cret"), "{error:#}");
        is_wrong_command_line(Err::<(), _>(error), "--server is no server's URL");
    }

    #[test]
    fn the_file_is_the_flags_then_the_variables_then_the_users() {
        let [flag, variable, users] = [(); 3].map(|()| Folder::with(""));
        let path = variable.file();
        let named = these(&[("SOCORRO_HBASE_CONFIG", path.to_str().unwrap())]);
        let file = |variables, flag| {
            let settings = Settings::read(variables, flag, Some(users.file())).unwrap();
            settings.file()
        };
        let expected = |path, source| Setting { value: Some(path), source };
        assert_eq!(
            file(named.clone(), Some(flag.file())),
            expected(flag.file(), Source::Flag("--config"))
        );
        assert_eq!(file(named, None), expected(path, Source::Variable("SOCORRO_HBASE_CONFIG")));
        assert_eq!(file(these(&[]), None), expected(users.file(), Source::Default));
    }

    #[test]
    fn only_the_users_own_file_may_be_absent() {
        let absent = Folder::with("").0.path().join("absent.toml");
        let settings = Settings::read(these(&[]), None, Some(absent.clone())).unwrap();
        assert_eq!(settings.file().value, None);
        is_wrong_command_line(Settings::read(these(&[]), Some(absent), None), "absent.toml");
    }
}
