//! Conversations that the conversation's help is judged by, over the built-in set: the titles of the entries that are
//! right (several are parted by a slash), then the questions, parted by `>`. All were written before anything was
//! measured.

/// The last question goes on from those before it, and says little without them.
pub(super) const FOLLOWING: &str = r"
Impermanent loss | What is impermanent loss? > and how can I avoid it?
Impermanent loss | what does impermanent loss mean for a liquidity provider > give me an example with numbers
Liquid staking | How does liquid staking work? > and its risks?
Liquid staking | what is stETH > can it lose its value?
Restaking staked coins | What is restaking? > is it safe?
Restaking staked coins | what is EigenLayer > what are the dangers?
Flash loans | What is a flash loan? > who uses them?
Flash loans | explain flash loans > do I need collateral for that?
Slashing of validators | What is slashing? > how often does that happen?
Slashing of validators | can my staked ether be slashed > how much would I lose?
Loan liquidations | What happens when my loan is liquidated? > how can I prevent it?
Loan liquidations / Health factor | how does a liquidation work on Aave > when does it start?
Health factor | What is the health factor? > what is a good value?
Health factor | how is the health factor calculated > and when it falls below one?
Cross-chain bridges | How does a cross-chain bridge work? > how long does that take?
Cross-chain bridges / Bridge risks | what is a token bridge > are they dangerous?
Bridge risks | Why are bridges hacked so often? > which of them are the safest?
Price oracles | What is an oracle? > who runs them?
Price oracles | why does Aave need an oracle > what if it fails?
Oracle manipulation | How do attackers manipulate an oracle? > how can it be prevented?
Maximal extractable value | What is MEV? > who earns it?
Maximal extractable value / MEV protection | explain MEV to me > does it hurt me?
Sandwich attacks | What is a sandwich attack? > how do I protect myself against it?
Sandwich attacks / MEV protection | I was sandwiched on Uniswap, what does that mean > can I stop that?
Perpetual futures | What are perpetual futures? > what happens to my position if the price falls?
Perpetual futures | how do perps work > do they expire?
Funding rates | What is the funding rate? > why is it negative sometimes?
Funding rates | who pays the funding rate > how often?
Kinds of stablecoins | What is a stablecoin? > which kinds are there?
Fiat-backed stablecoins | How is USDC backed? > can I trust that?
Fiat-backed stablecoins | is USDT fully backed > who checks it?
Crypto-backed stablecoins | How does DAI work? > what keeps it at a dollar?
Algorithmic stablecoins | How do algorithmic stablecoins work? > why do they fail?
Algorithmic stablecoins | what happened to Terra > could it happen again?
Stablecoin depegs | What happens when a stablecoin loses its peg? > what should I do then?
Synthetic dollars | What is a synthetic dollar? > where does its yield come from?
Synthetic dollars | what is USDe > how risky is it?
Frozen stablecoins | Can Circle freeze my USDC? > and for which reasons?
Token approvals | What is a token approval? > how do I get rid of it?
Token approvals | why do I have to approve a token before a swap > is an unlimited one dangerous?
Signature phishing | Can I lose tokens by only signing a message? > how do I notice it?
Security audits | Does an audit mean that a protocol is safe? > who does them?
Reentrancy attacks | What is a reentrancy attack? > how do developers prevent it?
Rug pulls | What is a rug pull? > what are the warning signs?
Honeypot tokens | Why can I buy a token but not sell it? > how do I check that beforehand?
Address poisoning | What is address poisoning? > how do I avoid it?
Multisig wallets | What is a multisig? > how many signers should it have?
Multisig wallets | what is a Gnosis Safe > what if one of them loses the key?
Timelocks and delays | What is a timelock? > how long should it be?
DAOs and governance tokens | What is a DAO? > how do they vote?
DAOs and governance tokens | what does a governance token do > is it worth anything?
Governance attacks | What is a governance attack? > has it ever happened?
Vote escrow | What is veCRV? > how long do I have to lock it?
Seed phrase | What is a seed phrase? > what if I lose it?
Seed phrase | how do I store my seed phrase > may I take a photo of it?
Crypto wallets | What is a crypto wallet? > which one should I take?
Hot and cold wallets | Is a hardware wallet safer? > what does it cost?
Gas fees | What are gas fees? > when are they lowest?
Gas fees | why do I pay so much gas > how can I lower it?
Layer 2 networks | What is a layer 2? > which ones are there?
Layer 2 networks | what is Arbitrum > is it as safe as Ethereum?
Optimistic and ZK rollups | What is a zk rollup? > and the other kind?
Automated market makers | How does an automated market maker work? > who provides the money?
Concentrated liquidity | What is concentrated liquidity? > what happens when the price leaves my range?
Slippage tolerance | What is slippage? > which value should I choose?
Yield vaults | What does a Yearn vault do? > what are its fees?
Yield farming | What is yield farming? > is it still worth it?
APR and APY | What is APY? > and APR?
Airdrops and points | What are airdrops? > how do I get one?
On-chain insurance | Can I insure my deposits? > what does it cover?
On-chain options | How do options work in DeFi? > what can I lose with them?
Real-world assets | What are real-world assets? > which ones can I buy?
Wrapped tokens | What is wrapped bitcoin? > who holds the real ones?
Smart accounts | What is account abstraction? > what is it good for?
Impermanent loss | How do I earn fees as a liquidity provider? > what is impermanent loss? > so when does it hurt most?
Restaking staked coins | What is staking? > and restaking? > what are the risks of that?
Flash loans | What is a smart contract? > what is a flash loan? > why would anyone do that?
Loan liquidations | How does borrowing work in DeFi? > what is liquidation? > what does it cost me?
Liquid staking | how do I stake ether > what is liquid staking? > and the disadvantages?
Token approvals | what is a DEX > why must I approve a token? > how can I undo that?
";

/// The last question turns to another matter.
pub(super) const TURNING: &str = r"
Gas fees | What is impermanent loss? > Why are gas fees so high?
Seed phrase | How does liquid staking work? > How should I keep my seed phrase safe?
Taxes on DeFi | What is a flash loan? > How is DeFi taxed?
Multisig wallets | What is MEV? > What is a multisig wallet?
Layer 2 networks | How is USDC backed? > what are L2s good for
Rug pulls | What is an LP token? > How do I recognise a rug pull?
Price oracles | What are airdrops? > what is a price oracle
Flash loans | How does a bridge work? > what is a flash loan
Block explorers | What is slashing? > how to read etherscan
Wrapped tokens | What is the health factor? > why do I need to wrap my ETH
APR and APY | Can Circle freeze my USDC? > what is the difference between APR and APY
Hot and cold wallets | What is yield farming? > is a Ledger worth it
Restaking staked coins | How do options work? > what is restaking
Honeypot tokens | What is TVL? > why can't I sell this token
Stableswap pools | What is a timelock? > how does Curve work
Perpetual futures | What is a DAO? > how do perps work
Funding rates | What is a seed phrase? > what is the funding rate
Sandwich attacks | What is staking? > what is a sandwich attack
Security audits | What are gas fees? > what does an audit tell me
Bad debt | How do airdrops work? > what is bad debt
Total value locked | How do I protect myself from MEV? > what does TVL mean
Vote escrow | What is a stablecoin? > what is veCRV
Regulation and identity checks | What is slippage? > do I have to do KYC
Lost or misdirected funds | What is an AMM? > I sent coins to the wrong address
Concentrated liquidity | Is an audit enough? > what is concentrated liquidity
Health factor | What is a rug pull? > how is the health factor calculated
Stablecoin depegs | What is a smart contract? > what happens when a stablecoin loses its peg
Cross-chain bridges | What is impermanent loss? > how do I move tokens to another chain
DEX aggregators | What is a reentrancy attack? > what does 1inch do
Real-world assets | What is front-running? > tokenized treasuries
Airdrops and points | What is a wallet? > how do airdrops work
Synthetic assets | What is liquidation? > what are synthetic assets
Privacy on public chains | What is APY? > is DeFi anonymous
On-chain insurance | How does a rollup work? > can I insure my deposits
Slashing of validators | What is a token approval? > can a validator lose its stake
Token supply and valuation | What is a DEX? > what does FDV mean
Reentrancy attacks | What is liquid staking? > what is reentrancy
Principal and yield tokens | What is a bridge? > how does Pendle work
Slippage tolerance | Who runs oracles? > what is slippage
Smart accounts | What is restaking? > what is account abstraction
Liquid staking | Why was my transaction stuck? > what is stETH
Address poisoning | What is a governance token? > what is address poisoning
Order book exchanges | What is a flash loan? > can a DEX have limit orders
On-ramps and off-ramps | What is looping? > how do I cash out
Intents and solvers | How does DAI work? > what is a solver
Leverage looping | What is a honeypot? > what is looping
Timelocks and delays | What is a wrapped token? > what is a timelock good for
Failed and stuck transactions | What are principal tokens? > my transaction is pending for hours
";

/// The last question begins as a continuation, points at nothing, and is about what was asked before.
pub(super) const CONTINUING: &str = r"
Liquid staking | How does liquid staking work? > and the risks?
Flash loans | What is a flash loan? > and the collateral?
Loan liquidations | What happens when my loan is liquidated? > and the penalty?
Cross-chain bridges / Bridge risks | How does a cross-chain bridge work? > and the dangers?
Multisig wallets | What is a multisig? > and lost keys?
Seed phrase | What is a seed phrase? > and where to store?
Price oracles / Oracle manipulation | What is an oracle? > and manipulation?
Maximal extractable value / MEV protection | What is MEV? > and the protection?
Perpetual futures / Funding rates | What are perpetual futures? > and the fees?
Health factor | What is the health factor? > and a good value?
Token approvals | What is a token approval? > and the dangers?
Restaking staked coins | What is restaking? > and the rewards?
DAOs and governance tokens | What is a DAO? > and voting?
Timelocks and delays | What is a timelock? > and the usual length?
Slashing of validators | What is slashing? > and the amounts?
Impermanent loss | What is impermanent loss? > and stable pairs?
On-chain insurance | Can I insure my deposits? > and the premiums?
DEX aggregators | What does 1inch do? > and the costs?
Layer 2 networks | what are L2s good for > and the withdrawal times?
Wrapped tokens | why do I need to wrap my ETH > and the way back?
Airdrops and points | how do airdrops work > and the taxes?
Order book exchanges | can a DEX have limit orders > and the speed?
Vote escrow | what is veCRV > and the lock?
Synthetic dollars | What is USDe? > and the backing?
";

/// The last question begins as a continuation, and is about something else.
pub(super) const LEAPING: &str = r"
Impermanent loss | How does liquid staking work? > and impermanent loss?
Health factor | What is MEV? > and the health factor?
Flash loans | How is USDC backed? > and flash loans?
Multisig wallets | What are airdrops? > and a multisig wallet?
Sandwich attacks | What is a seed phrase? > and sandwich attacks?
Token approvals | What is a DAO? > and token approvals?
Price oracles | What is slippage? > and price oracles?
Honeypot tokens | What is TVL? > and honeypot tokens?
Slashing of validators | How do options work? > and slashing?
Rug pulls | What is a timelock? > and rug pulls?
Funding rates | What is a rollup? > and the funding rate?
On-chain insurance | What is yield farming? > and insurance?
Address poisoning | What is a stablecoin? > and address poisoning?
Gas fees | Is an audit enough? > and gas fees?
Vote escrow | How does a bridge work? > and vote escrow?
Reentrancy attacks | What is an AMM? > and reentrancy?
";
