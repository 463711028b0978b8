//! The questions that the ranking is judged by: asked in other words than the entries use, and from other fields.
//!
//! Each batch was written before it was first measured. [`ASKED`] and [`FOREIGN`] then served to choose the ranking's
//! constants and to find words that the entries' tags lacked, so what they measure is how well that was done. The
//! hold-out was written last, after the tags were finished, and no tag was added for it; only `PAIR`, `FOCUS` and the
//! weight of a tag's words were still compared with it in sight, which moved its right first hits from 81 % to 83 %.
//! [`UNSEEN`] is what a stranger's question can expect. A question that leads to a change of the tags belongs in the
//! first list, never in the hold-out.

/// Questions that the built-in set answers: the entry's title, then the question in a user's words.
pub(super) const ASKED: &str = r"
Decentralised finance (DeFi) | explain decentralized finance to me like I'm five
Decentralised finance (DeFi) | what does defi mean
DeFi versus CeFi | is it better to keep my coins on a centralized exchange or use defi
DeFi versus CeFi | difference between CeFi and DeFi
Crypto wallets | what exactly does a wallet store
Crypto wallets | public key vs private key
Seed phrase | where should I write down my 12 words
Seed phrase | somebody asks for my recovery phrase, should I give it
Hot and cold wallets | is a Ledger worth it compared with a wallet on my phone
Hot and cold wallets | cold storage for savings
Gas fees | why is every transaction so expensive on ethereum
Gas fees | what is gwei
Gas fees | how to pay lower network fees
Failed and stuck transactions | my transaction has been pending for an hour, what can I do
Failed and stuck transactions | why do I pay a fee when the transaction reverted
Smart contracts | how do smart contracts work
Smart contracts | can a program on the blockchain hold money
Coins and tokens | what is an ERC-20
Coins and tokens | is ether a coin or a token
Layer 2 networks | what are L2s good for
Layer 2 networks | what does a sequencer do on Arbitrum
Optimistic and ZK rollups | why does withdrawing from an optimistic rollup take seven days
Optimistic and ZK rollups | validity proofs vs fraud proofs
Wrapped tokens | why do I need to wrap my ETH
Wrapped tokens | is wrapped bitcoin the same as bitcoin
Starting with DeFi | I'm new to crypto, what are the first steps
Starting with DeFi | beginner guide to defi
Smart accounts | can I recover my account with the help of friends, without a seed phrase
Smart accounts | what is ERC-4337
Smart accounts | how can someone else sponsor my gas
Block explorers | where can I check whether my payment was confirmed
Block explorers | how to read etherscan
Total value locked | is a high TVL a good sign
Total value locked | what is total value locked
Composability of protocols | what does composability mean
Composability of protocols | what are money legos
Lending protocols | how can I lend my crypto and earn interest
Lending protocols | how does Aave work
Lending protocols | can I borrow without a credit check
Overcollateralised loans | why does anyone borrow if they have to lock up more than they get
Overcollateralised loans | what is loan to value
Health factor | my health factor dropped to 1.1, is that bad
Health factor | how is the health factor calculated
Loan liquidations | how do I avoid getting liquidated
Loan liquidations | what is the liquidation penalty
Interest rate curve | why did my borrow rate suddenly jump
Interest rate curve | what does utilization mean for a lending pool
Isolated lending markets | what does a curator do on Morpho
Isolated lending markets | isolation mode explained
Bad debt | who covers the shortfall when a lending market becomes insolvent
Bad debt | what does bad debt mean
Flash loans | how can somebody borrow millions without collateral
Flash loans | what are flash loans used for
Leverage looping | how does recursive borrowing work
Leverage looping | is it dangerous to loop stETH
Decentralised exchanges | what is a DEX
Decentralised exchanges | how do I swap tokens on Uniswap
Automated market makers | what is an AMM
Automated market makers | how does a liquidity pool decide the price
Constant product formula | explain the constant product formula
Constant product formula | how do I compute the output of a swap from the reserves
Providing liquidity | is being an LP profitable
Providing liquidity | how to add liquidity to a pool and collect fees
LP tokens | what are LP tokens for
LP tokens | I got a receipt token after depositing in a pool, what is it
Impermanent loss | what is IL
Impermanent loss | why would a liquidity provider lose money compared to holding
Impermanent loss | impermanant loss formula
Concentrated liquidity | what happens when my position goes out of range
Concentrated liquidity | how to choose a price range in Uniswap v3
Slippage tolerance | what should my slipage tolerance be
Slippage tolerance | why did I receive less than the swap quoted
Price impact | why do whales get a bad price when they sell into a pool
Price impact | what is price impact
Stableswap pools | how does Curve keep slippage low for stablecoins
Stableswap pools | what is the amplification parameter
DEX aggregators | what is 1inch for
DEX aggregators | how to find the best route for a swap across exchanges
Order book exchanges | can I place a limit order on chain
Order book exchanges | how does an on-chain order book work
Intents and solvers | how does CoW Swap work
Intents and solvers | what is a solver
Proof-of-stake staking | how do I stake ETH
Proof-of-stake staking | how do validators earn rewards
Slashing of validators | could I lose my stake if my validator goes offline
Slashing of validators | what gets a validator slashed
Liquid staking | what is stETH
Liquid staking | how does Lido work and what are the risks
Restaking staked coins | what is EigenLayer
Restaking staked coins | what are liquid restaking tokens
Sources of yield | who pays for these high returns
Sources of yield | is 20% APY too good to be true
Yield farming | what is liquidity mining
Yield farming | how does farming reward tokens work
APR and APY | how do I convert APR to APY
APR and APY | what does annual percentage yield mean
Yield vaults | how do auto-compounding vaults work
Yield vaults | what does Yearn do with my money
Principal and yield tokens | how does Pendle work
Principal and yield tokens | how can I lock in a fixed rate
Airdrops and points | how do I get an airdrop
Airdrops and points | are points worth anything
Kinds of stablecoins | which types of stablecoins are there
Kinds of stablecoins | what keeps a stable coin at one dollar
Fiat-backed stablecoins | what reserves does Tether hold
Fiat-backed stablecoins | is USDC really backed by cash
Crypto-backed stablecoins | how is DAI minted
Crypto-backed stablecoins | what is a CDP
Algorithmic stablecoins | why did Terra collapse
Algorithmic stablecoins | what is a death spiral
Stablecoin depegs | what should I do if my stablecoin depegs
Stablecoin depegs | USDC trades below one dollar, what now
Synthetic dollars | how does Ethena's USDe make money
Synthetic dollars | what does delta neutral mean
Frozen stablecoins | can Circle blacklist my address
Frozen stablecoins | can my USDT be frozen
Price oracles | where do smart contracts get prices from
Price oracles | what does Chainlink do
Time-weighted average prices | what is a TWAP oracle
Time-weighted average prices | how do I split a large order over time
Oracle manipulation | how does an oracle attack work
Oracle manipulation | how did someone drain a protocol by pumping collateral
Maximal extractable value | what is maximal extractable value
Maximal extractable value | what do MEV searchers do
Sandwich attacks | how does a sandwich bot make money
Sandwich attacks | a bot bought right before my swap and sold right after
Front-running transactions | what is frontrunning
Front-running transactions | can somebody copy my transaction and go first
Proposer-builder separation | what is PBS
Proposer-builder separation | what does MEV-Boost do
MEV protection | how do I avoid being sandwiched
MEV protection | should I use a private RPC
Cross-chain bridges | how do I move tokens from ethereum to another chain
Cross-chain bridges | what is a bridge
Bridge risks | are bridges safe
Bridge risks | how did the Wormhole hack happen
DAOs and governance tokens | how does voting in a DAO work
DAOs and governance tokens | what is the use of a governance token
Vote escrow | what is veCRV
Vote escrow | what are gauges and bribes
Governance attacks | how can someone take over a DAO
Governance attacks | what happened to Beanstalk
Timelocks and delays | what is a timelock
Timelocks and delays | why is there a delay before an upgrade is executed
Multisig wallets | what does 3 of 5 signers mean
Multisig wallets | how do teams secure their treasury with a Safe
Admin keys and upgrades | how can I see if a contract is upgradeable
Admin keys and upgrades | what can the owner of a proxy contract do
Perpetual futures | what are perps
Perpetual futures | how does leverage trading with 10x work
Funding rates | why do longs pay shorts
Funding rates | how is funding computed
On-chain options | what is a covered call vault
On-chain options | how do I hedge against a price drop with puts
Synthetic assets | how can a token follow the price of gold or a stock
Synthetic assets | what is a synth
Real-world assets | what are tokenized treasuries
Real-world assets | what does RWA stand for
Token approvals | how do I revoke an allowance
Token approvals | is it dangerous to give unlimited approval
Signature phishing | my wallet was drained after I signed something
Signature phishing | what is a permit signature
Security audits | can I trust an audited protocol
Security audits | what does an audit cover
Reentrancy attacks | what is re-entrancy
Reentrancy attacks | how was The DAO hacked
Rug pulls | what are the warning signs of a scam token
Rug pulls | how do rugs happen
Honeypot tokens | I bought a token and now I can't sell it
Honeypot tokens | what is a honeypot
Address poisoning | someone sent me dust from an address that looks like mine
Address poisoning | strange zero value transfers in my history
On-chain insurance | is there insurance against hacks
On-chain insurance | what does Nexus Mutual cover
Judging a protocol | how do I check if a project is legit
Judging a protocol | due diligence checklist for protocols
Main risks of DeFi | how can I lose money in defi
Main risks of DeFi | is defi safe
Taxes on DeFi | do I have to pay tax when I swap tokens
Taxes on DeFi | are staking rewards taxable income
Regulation and identity checks | do I need KYC for defi
Regulation and identity checks | is defi legal
Privacy on public chains | can people see how much I have in my wallet
Privacy on public chains | how anonymous is ethereum
Token supply and valuation | what does fully diluted valuation mean
Token supply and valuation | what happens at a token unlock
Lost or misdirected funds | I sent USDC on the wrong network
Lost or misdirected funds | can I reverse a transaction
On-ramps and off-ramps | how to cash out to euros
On-ramps and off-ramps | how do I buy crypto with my card
Website and protocol | can I withdraw if the frontend is offline
Website and protocol | the site was hacked by DNS hijack, is my deposit gone
Impermanent loss | my LP position is worth less than what I put in, why
Impermanent loss | does impermanent loss go away if I wait
Liquid staking | how can I stake and still use my ether as collateral
Liquid staking | why is stETH trading below ETH
Loan liquidations | how much do I lose when a liquidator closes my loan
Loan liquidations | at which price will my position be liquidated
Gas fees | how are fees on ethereum calculated
Price impact | difference between slippage and price impact
Slippage tolerance | my swap keeps failing because of slippage
Flash loans | is a flash loan free money
Cross-chain bridges | how long does it take to bridge to Base
Cross-chain bridges | what is the difference between lock and mint and burn and mint
Token approvals | why do I have to approve before swapping
Token approvals | does disconnecting my wallet revoke permissions
Rug pulls | how do I know a project won't run away with my money
Stablecoin depegs | what happens to my loan if DAI loses its peg
Algorithmic stablecoins | difference between algorithmic and collateralized stablecoins
Kinds of stablecoins | which stablecoin is the safest
Price oracles | why do protocols need oracles
Oracle manipulation | can a flash loan be used to manipulate an oracle
Perpetual futures | how do I short ETH
Perpetual futures | what happens when my margin runs out on a perp
Funding rates | why did I pay funding overnight
On-chain options | what is the difference between a call and a put
Real-world assets | can I hold US government bonds on chain
Security audits | are audits enough
Multisig wallets | how many signers should a multisig have
Timelocks and delays | how long should a timelock be
DAOs and governance tokens | what can token holders vote on
Vote escrow | how long do I have to lock my CRV
Maximal extractable value | is MEV bad
Sandwich attacks | how can I tell whether my trade was sandwiched
Proof-of-stake staking | how long until I get my staked coins back
Slashing of validators | how much can a validator be slashed
Restaking staked coins | is restaking riskier than normal staking
Yield farming | are farm rewards sustainable
Sources of yield | how can a protocol afford to pay 15 percent interest
APR and APY | is APY higher than APR
Yield vaults | what fees do vaults charge
Principal and yield tokens | what happens to a yield token at maturity
Concentrated liquidity | should I pick a narrow or a wide range
Automated market makers | who sets prices in an AMM
Constant product formula | why can a pool never run out of tokens
Providing liquidity | how much can I earn by adding liquidity
Lending protocols | what are the risks of supplying on Aave
Lending protocols | can I always withdraw what I supplied to a lending pool
Interest rate curve | what is the kink in the interest rate model
Health factor | what is a safe health factor
Leverage looping | what leverage do I get when I loop at 80% LTV
Wrapped tokens | what is WETH
Layer 2 networks | are rollups as secure as ethereum
Admin keys and upgrades | can a smart contract be changed after deployment
Admin keys and upgrades | what is a proxy contract
Crypto wallets | how do I connect my wallet to an app safely
Seed phrase | I lost my seed phrase, what now
Hot and cold wallets | do hardware wallets protect against phishing
Starting with DeFi | how much money do I need to start
Taxes on DeFi | when do I owe tax on crypto
Privacy on public chains | who can see my transactions
Lost or misdirected funds | someone stole my crypto, can I get it back
Address poisoning | why are there tiny transfers from unknown addresses
Honeypot tokens | how do I detect a honeypot before buying
Airdrops and points | how do I know an airdrop is real
Token supply and valuation | difference between market cap and FDV
On-ramps and off-ramps | how do I withdraw my crypto to my bank
Frozen stablecoins | who can freeze USDC
Fiat-backed stablecoins | can I redeem USDC for dollars
Crypto-backed stablecoins | what happens to my DAI vault when ether crashes
Synthetic dollars | what are the risks of USDe
MEV protection | how does a private mempool help me
Decentralised finance (DeFi) | can you give me an overview of decentralised finance
DeFi versus CeFi | what do I gain by leaving Coinbase for on-chain apps
Crypto wallets | does my wallet actually contain my coins
Seed phrase | is it ok to keep my recovery words in Google Drive
Hot and cold wallets | which kind of wallet is best for long term holding
Gas fees | why does a small transfer cost so much in gas
Gas fees | what is the base fee and who gets it
Failed and stuck transactions | how do I speed up a stuck transaction
Smart contracts | what happens if a smart contract has a bug
Coins and tokens | do I need ETH to send USDC
Layer 2 networks | should I use Arbitrum or stay on mainnet
Optimistic and ZK rollups | what is a fraud proof
Wrapped tokens | who backs WBTC
Starting with DeFi | how should a complete beginner try this out safely
Smart accounts | what is social recovery
Block explorers | how do I verify that a transfer arrived
Total value locked | why is TVL a misleading metric
Composability of protocols | why does trouble in one protocol spread to others
Lending protocols | how is interest earned by depositors in Compound
Overcollateralised loans | can I get a loan with no collateral in crypto
Health factor | what does a health factor under 1 mean
Loan liquidations | who liquidates positions and what do they earn
Interest rate curve | why is the borrowing rate variable
Isolated lending markets | are isolated pools safer than shared ones
Bad debt | what if borrowers can't repay and the collateral is not enough
Flash loans | how do arbitrageurs use flash loans
Leverage looping | how can I multiply my staking yield with borrowed ether
Decentralised exchanges | how is Uniswap different from Binance
Automated market makers | what role do arbitrageurs play in a pool
Constant product formula | what does the invariant x*y=k imply
Providing liquidity | is it better to hold or to provide liquidity
LP tokens | how do I redeem my LP tokens
Impermanent loss | how big is divergence loss when a token doubles
Concentrated liquidity | what is a tick range in Uniswap v3
Slippage tolerance | is 5% slippage too high
Price impact | how do I sell a huge bag without crashing the price
Stableswap pools | why did the 3pool become unbalanced
DEX aggregators | does 1inch give a better rate than Uniswap
Order book exchanges | AMM or order book, which is better for traders
Intents and solvers | what is an intent based swap
Proof-of-stake staking | what are the ways to stake ether
Slashing of validators | what is double signing
Liquid staking | is rETH different from stETH
Restaking staked coins | what extra risks do LRTs have
Sources of yield | is this yield real or a Ponzi
Yield farming | why do farm tokens always drop in price
APR and APY | if the APR is 10% what is the APY
Yield vaults | what happens inside an ERC-4626 vault
Principal and yield tokens | how does yield stripping work
Airdrops and points | how do I farm points for an airdrop
Kinds of stablecoins | explain the different kinds of stablecoins
Fiat-backed stablecoins | what if Circle goes bankrupt
Crypto-backed stablecoins | what is a stability fee
Algorithmic stablecoins | how did Luna crash
Stablecoin depegs | should I worry when a stablecoin trades at 97 cents
Synthetic dollars | how can a short position back a dollar
Frozen stablecoins | has anyone ever had their stablecoins blacklisted
Price oracles | what if an oracle reports the wrong price
Time-weighted average prices | what is a time weighted average
Oracle manipulation | how do hackers exploit thin markets to borrow everything
Maximal extractable value | how do bots make money from the mempool
Sandwich attacks | was I sandwiched
Front-running transactions | how can I stop people front running me
Proposer-builder separation | who builds ethereum blocks
MEV protection | does Flashbots Protect really help
Cross-chain bridges | how can I get my USDC from Arbitrum to Solana
Bridge risks | why do bridges get hacked all the time
DAOs and governance tokens | should I delegate my voting power
Vote escrow | why would I lock my tokens for four years
Governance attacks | can a whale buy enough votes to steal the treasury
Timelocks and delays | what protects me when the team pushes a malicious upgrade
Multisig wallets | is a 2 of 3 Safe enough for my savings
Admin keys and upgrades | can the devs drain the contract
Perpetual futures | how do I go long with leverage on GMX
Funding rates | why is the funding rate negative
On-chain options | how do I insure my ETH against a crash with options
Synthetic assets | can I get exposure to Tesla stock on chain
Real-world assets | how are tokenised bonds different from the real thing
Token approvals | is an infinite approval dangerous
Signature phishing | I clicked a phishing link and signed, what should I do
Security audits | why was the protocol hacked although it was audited
Reentrancy attacks | how do developers prevent reentrancy
Rug pulls | how can I spot a rug
Honeypot tokens | why does selling my token fail
Address poisoning | I copied an address from my history and the money is gone
On-chain insurance | how do I get covered against a protocol hack
Judging a protocol | what should I look at before I deposit somewhere
Main risks of DeFi | what could go wrong if I put my savings in DeFi
Taxes on DeFi | do I pay taxes on airdrops
Regulation and identity checks | is DeFi regulated
Privacy on public chains | can the tax office trace my wallet
Token supply and valuation | why do prices fall when vesting ends
Lost or misdirected funds | I transferred my tokens to the wrong address
On-ramps and off-ramps | cheapest way to turn stablecoins into euros
Website and protocol | how do I withdraw when the app is down
Decentralised finance (DeFi) | what can people actually do with DeFi
DeFi versus CeFi | why not simply use a bank
Crypto wallets | what is the difference between an address and a private key
Seed phrase | what happens if somebody finds my 24 words
Hot and cold wallets | do I need a hardware wallet
Gas fees | when are gas fees lowest
Gas fees | why must I hold ether to pay fees
Failed and stuck transactions | transaction reverted but gas was taken
Smart contracts | who writes smart contracts and where do they run
Coins and tokens | can anybody create a token
Layer 2 networks | how do rollups make transactions cheaper
Optimistic and ZK rollups | are zk rollups better than optimistic ones
Wrapped tokens | how can I use bitcoin in DeFi
Starting with DeFi | where do I begin with all this
Smart accounts | are there wallets that don't have a seed phrase
Block explorers | what can I see on a block explorer
Total value locked | which number shows how much money is in a protocol
Composability of protocols | why can DeFi apps be combined
Lending protocols | how do I earn interest on my stablecoins
Lending protocols | what is a money market
Overcollateralised loans | why would I borrow against my own crypto instead of selling it
Health factor | how do I improve my health factor
Loan liquidations | what triggers a liquidation
Interest rate curve | what determines the supply APY
Isolated lending markets | how does Morpho differ from Aave
Bad debt | do depositors lose money if a loan goes underwater
Flash loans | can I lose money when I take a flash loan
Leverage looping | when does looping become unprofitable
Decentralised exchanges | how do I trade without giving my coins to a company
Automated market makers | how can you trade without an order book
Constant product formula | what formula does Uniswap v2 use
Providing liquidity | how do liquidity providers get paid
LP tokens | what does my LP token represent
Impermanent loss | can fees make up for impermanent loss
Concentrated liquidity | why is my Uniswap v3 position not earning anything
Slippage tolerance | what does minimum received mean
Price impact | why is the price impact so high on this token
Stableswap pools | what makes Curve different from Uniswap
DEX aggregators | why is my swap routed through three pools
Order book exchanges | can I set a stop loss on a decentralised exchange
Intents and solvers | who pays gas when I use CoW Swap
Proof-of-stake staking | what do I need to run a validator
Slashing of validators | is being offline punished by slashing
Liquid staking | what does it mean that stETH rebases
Restaking staked coins | who pays the restaking rewards
Sources of yield | how can I tell whether a yield is sustainable
Yield farming | what happens when the incentives end
APR and APY | how much does daily compounding add
Yield vaults | should I put my money into a Yearn vault
Principal and yield tokens | what is the risk of buying a PT
Airdrops and points | is it safe to claim an airdrop
Kinds of stablecoins | what are stablecoins used for
Fiat-backed stablecoins | is there really a dollar behind every USDT
Crypto-backed stablecoins | what backs DAI
Algorithmic stablecoins | can an algorithmic stablecoin ever be stable
Stablecoin depegs | why did USDC drop to 90 cents
Synthetic dollars | what happens to USDe when funding is negative
Frozen stablecoins | can the issuer take away my stablecoins
Price oracles | what happens when an oracle goes stale
Time-weighted average prices | why is a TWAP harder to manipulate
Oracle manipulation | how did the Mango attack work
Maximal extractable value | who profits from MEV
Sandwich attacks | how do I avoid sandwich attacks
Front-running transactions | why did a bot get my arbitrage before me
Proposer-builder separation | what is the difference between a builder and a validator
MEV protection | which RPC protects me from MEV
Cross-chain bridges | what is the safest way to get ETH onto an L2
Bridge risks | what happened to the Ronin bridge
DAOs and governance tokens | what happens after a governance proposal passes
Vote escrow | what do I get for locking CRV
Governance attacks | how can a flash loan be used to win a vote
Timelocks and delays | does a timelock make upgrades safe
Multisig wallets | what happens if one signer of our multisig loses his key
Admin keys and upgrades | how do I find out who owns a contract
Perpetual futures | how much can I lose with 20x leverage
Funding rates | who pays the funding fee
On-chain options | what happens to my option at expiry
Synthetic assets | what is the difference between a synthetic and a tokenised stock
Real-world assets | is private credit on chain risky
Token approvals | which contracts can spend my tokens
Signature phishing | how do wallet drainers work
Security audits | how do I read an audit report
Reentrancy attacks | explain the checks effects interactions pattern
Rug pulls | the developers vanished with the liquidity
Honeypot tokens | this token charges a huge tax when I sell
Address poisoning | I received a token transfer from an address almost identical to mine
On-chain insurance | is smart contract cover worth paying for
Judging a protocol | how do I research a new protocol
Main risks of DeFi | how risky is all this
Taxes on DeFi | is wrapping ETH a taxable event
Regulation and identity checks | why does a DeFi website block my country
Privacy on public chains | how do I keep my transactions private
Token supply and valuation | what is circulating supply
Lost or misdirected funds | a company offers to recover my stolen coins, should I pay
On-ramps and off-ramps | what is the cheapest way to buy USDC with euros
Website and protocol | are my funds safe if the company behind the app shuts down
";

/// Questions that it does not answer: other fields, near misses, other languages, nonsense.
pub(super) const FOREIGN: &str = r"
what is the weather in Paris tomorrow
how do I bake sourdough bread
write a python function that sorts a list
what are the symptoms of diabetes
asdf
qwertyuiop zxcvbnm
???
what is the best bank account
how do I get a mortgage for my first house
who won the world cup
wie wird das Wetter morgen in Berlin
¿cuál es la capital de Francia?
quelle est la recette de la ratatouille
如何做饭
что такое любовь
how many legs does a spider have
recommend a good book about roman history
how do I fix a flat bicycle tyre
what is the capital of Australia
how does photosynthesis work
translate good morning into Japanese
what time is it
who are you
tell me a joke
hello
how can I lose weight quickly
what is the meaning of life
how to train a puppy
explain quantum entanglement
best sandwich recipe with tuna and mayonnaise
how was the Golden Gate bridge built
what did the oracle of Delphi say
how do I clean my swimming pool
how do I stake tomato plants in my garden
petrol prices at the station near me
how to install Oracle database on Linux
why does my phone contract cost so much
how do I authenticate users with a JWT token in Express
what is a good wheat yield per acre
what is the best credit card for air miles
how do I open a savings account at a bank for my child
should I buy Apple shares this year
how do I pay off my student loan faster
what options are there for dinner tonight
how to vote in the general election
which leather wallet is the most durable
how do I pass my driving test
what is the best insurance for my car
how do I write a will
what is the boiling point of water at high altitude
can my landlord raise the rent
lorem ipsum dolor sit amet
how do I reset my email password
who painted the Mona Lisa
what is the distance between the earth and the moon
how do I file for a divorce
what vaccine do I need for travel to Kenya
how do I set up a printer on Windows
what is a liquid diet
my flash does not work on my camera
which vegetables are in season in spring
how many players are in a rugby team
12345 67890
is it going to rain this weekend
what is the exchange student programme
how long do I boil eggs
what should I cook with potatoes
how do I remove a stain from a carpet
where is the nearest pharmacy
can you write a poem about autumn
how do I centre a div in CSS
what is a linked list
explain recursion in Java
how do I lower my blood pressure
what is the difference between a virus and a bacterium
does my dog need a rabies shot
how much does a new iPhone cost
how do I renew my passport
what is the safest car for a family
how do I get a refund from an airline
should I lock my front door at night
how do I protect my house from burglars
what is the average price of a house in London
how do I transfer photos from my phone to my computer
how many people live in Nigeria
when was the Roman Empire founded
how do bridges carry weight
what is the liquidation sale at the furniture store
how do I vote for my favourite singer
what is the best way to learn guitar
my back hurts, what can I do
how do I delete my Facebook account
what is the interest rate on a car loan
how do I cancel my gym contract
what does my dream mean
comment faire un gâteau au chocolat
come si fa la pizza
hoe laat is het
今天天气怎么样
blah blah blah
sdlkfj woeiru xcvmn
42
how do I become a pilot
what is the offside rule in football
how are diamonds formed
how do I make pancakes
what is the population of Brazil
who wrote Hamlet
how do I learn Spanish fast
what is the speed of light
my car will not start
how do I treat a sunburn
best hiking boots for winter
how do I merge two branches in git
what is a segmentation fault
how does Kubernetes schedule pods
write a haiku about the sea
what is the plot of Macbeth
is it safe to eat raw eggs
how much sleep does a baby need
which laptop should I buy for college
how do I get rid of ants in the kitchen
when is the next train to Manchester
what are the rules of chess
how do I apply for unemployment benefits
how high is Mount Everest
who is the president of France
what is a good name for a cat
how can I improve my credit score
what pension plan should I choose
where can I exchange dollars for pounds at the airport
how do I open a brokerage account
what is the best health insurance for families
how do I sign a PDF document
how do I block a number on my phone
what is the exchange rate of the yen
how do I freeze strawberries
why are gas stations closing
how to build a bridge out of spaghetti
what is the vote count in Ohio
can dogs eat chocolate
wo ist der Bahnhof
je voudrais une table pour deux
dónde está la biblioteca
明日の天気は
xyzzy plugh
aaaaaaaaaaaaaaaa
1 2 3 4
??? !!!
thanks, bye
how do I cook rice
what is the tallest building in the world
who invented the telephone
how do I get over a breakup
how often should I water my cactus
what is the best time to visit Iceland
how do I parse JSON in Go
what is a closure in JavaScript
explain the theory of relativity
my tooth hurts
how do I lower my cholesterol
is ibuprofen safe during pregnancy
how do I tie a tie
what should I wear to a wedding
how do I get a driving licence in Spain
why is the sky blue
how do I jump start a car battery
what is the best mattress for side sleepers
how do I negotiate a higher salary
how much rent can I afford
how do I cancel a credit card
which savings account pays the most
how do I calculate VAT for an invoice
what is a good retirement age
how do I transfer money to my brother in India
how do I invest in index funds
is gold a good investment
what are the side effects of aspirin
how do I vote by mail
how do I play poker
how many calories are in a banana
how do I freeze my gym membership
where can I watch the match tonight
write me a cover letter
summarise this article for me
what is the difference between a crocodile and an alligator
how do I remove malware from my laptop
how do I change the oil in my car
kan du hjälpa mig med läxan
ich möchte einen Tisch reservieren
ماذا تأكل القطط
przepis na pierogi
ghjk tyui
lol
";

/// The hold-out of [`ASKED`].
pub(super) const UNSEEN: &str = r"
Decentralised finance (DeFi) | how would you describe DeFi in one paragraph
DeFi versus CeFi | what are the drawbacks of keeping crypto on Binance
Crypto wallets | can I have the same wallet on two devices
Seed phrase | should I store my seed phrase in a password manager
Hot and cold wallets | what is cold storage
Gas fees | what determines how much gas a swap costs
Failed and stuck transactions | what is a nonce
Smart contracts | are smart contracts legally binding or just code
Coins and tokens | how do I recognise a fake token
Layer 2 networks | what are the disadvantages of a layer 2
Optimistic and ZK rollups | how do zero knowledge proofs help a rollup
Wrapped tokens | what is the point of WETH if I already have ETH
Starting with DeFi | I have 100 dollars and want to try DeFi
Smart accounts | what does a paymaster do
Block explorers | how do I find my transaction hash on etherscan
Total value locked | how is TVL calculated
Composability of protocols | what does it mean that protocols are stacked on each other
Lending protocols | where does the interest on Aave deposits come from
Overcollateralised loans | how much can I borrow against 1 ETH
Health factor | when does my health factor change
Loan liquidations | how can I protect my loan from being liquidated overnight
Interest rate curve | why is the borrow APY suddenly 60 percent
Isolated lending markets | what is a vault curator
Bad debt | what happens to lenders if a market has bad debt
Flash loans | how does a flash loan get repaid in one transaction
Leverage looping | how do I calculate leverage from LTV when looping
Decentralised exchanges | do decentralised exchanges need my identity
Automated market makers | how does the price move when someone trades against a pool
Constant product formula | show me the maths behind a Uniswap pool
Providing liquidity | what should I know before becoming a liquidity provider
LP tokens | can I use LP tokens as collateral
Impermanent loss | how do I calculate impermanent loss
Concentrated liquidity | what are the pros and cons of a narrow range
Slippage tolerance | what slippage should I use for stablecoin swaps
Price impact | how does the size of my order affect the price
Stableswap pools | is it risky to provide liquidity in a stablecoin pool
DEX aggregators | why use an aggregator instead of going to the exchange directly
Order book exchanges | which DEXs have a real order book
Intents and solvers | how do solvers make money
Proof-of-stake staking | how do I become a validator on ethereum
Slashing of validators | what is the penalty for double signing
Liquid staking | can stETH lose its peg
Restaking staked coins | what is an AVS
Sources of yield | why would anybody pay me 12% on dollars
Yield farming | is yield farming still profitable
APR and APY | what is 8% APR compounded weekly
Yield vaults | how is the share price of a vault computed
Principal and yield tokens | when should I buy PT and when YT
Airdrops and points | why did I not qualify for the airdrop
Kinds of stablecoins | how do stablecoins keep their price
Fiat-backed stablecoins | who checks the reserves of USDC
Crypto-backed stablecoins | how can a stablecoin be backed by ether
Algorithmic stablecoins | what went wrong with UST
Stablecoin depegs | what are the consequences of a depeg
Synthetic dollars | how does a delta neutral stablecoin stay at one dollar
Frozen stablecoins | my USDT was frozen, why
Price oracles | how do oracles get data on chain
Time-weighted average prices | what does TWAP stand for
Oracle manipulation | how do protocols defend against price manipulation
Maximal extractable value | give me examples of MEV
Sandwich attacks | what makes a trade attractive for sandwich bots
Front-running transactions | is front running possible on ethereum
Proposer-builder separation | why are blocks built by builders and not by validators
MEV protection | how can I hide my trade from the mempool
Cross-chain bridges | how do tokens move from one blockchain to another
Bridge risks | what can go wrong with a bridge
DAOs and governance tokens | who controls a DAO
Vote escrow | how is voting power computed with veTokens
Governance attacks | what stops a rich attacker from buying a DAO
Timelocks and delays | what does a 48 hour timelock protect against
Multisig wallets | how do I set up a multisig for a team
Admin keys and upgrades | what does it mean that a contract is upgradeable
Perpetual futures | why was my long position closed
Funding rates | how often is funding paid on perps
On-chain options | how does an options vault earn premiums
Synthetic assets | what backs a synthetic asset
Real-world assets | how can a house be put on the blockchain
Token approvals | what does approve mean in MetaMask
Signature phishing | a website asks me to sign a permit, is that safe
Security audits | what is formal verification
Reentrancy attacks | what is a reentrancy guard
Rug pulls | how do I avoid being rugged
Honeypot tokens | why can people buy but not sell this coin
Address poisoning | how do scammers trick me with similar addresses
On-chain insurance | does anything protect my deposits if a contract is exploited
Judging a protocol | how can I assess the safety of a protocol
Main risks of DeFi | list the dangers of decentralised finance
Taxes on DeFi | how are liquidity pool rewards taxed
Regulation and identity checks | is it legal to use DeFi in my country
Privacy on public chains | can someone find out which wallet is mine
Token supply and valuation | what is a vesting cliff
Lost or misdirected funds | is it possible to undo a crypto transfer
On-ramps and off-ramps | how can I convert my crypto to cash
Website and protocol | can a protocol keep running without its website
";

/// The hold-out of [`FOREIGN`].
pub(super) const UNSEEN_FOREIGN: &str = r"
how do I roast a chicken
what is the longest river in Africa
who discovered penicillin
how do I stop my baby from crying
what is the best phone under 300 dollars
how do I use regular expressions in Perl
what is a mutex in C++
how do I treat a cold
is it dangerous to swim after eating
what is the best way to clean windows
how do I get my deposit back from my landlord
what is a fixed rate mortgage
how does a bank make money
what is inflation
how do I claim my travel insurance
how do I build a treehouse
when does the supermarket close
what is the fastest animal
how do I grow tomatoes
what is a good name for a bakery
why do cats purr
how do I sign up for a gym
what is the score of the game
how do I bridge a gap between two floorboards
can you recommend a film
bonjour, comment ça va
qual è la capitale della Spagna
hur är vädret idag
你好
привет как дела
lkjh gfds
test test test
I am bored
how do I patch a hole in drywall
how do I cash a cheque
what is a bond in chemistry
how do I protect my skin from the sun
what does a plumber charge per hour
what is the best pool for a small garden
who is the governor of Texas
";
