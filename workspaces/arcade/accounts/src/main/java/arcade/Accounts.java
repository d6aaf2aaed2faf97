package arcade;

@SpringBootApplication
@EnableDiscoveryClient
@EnableAuthorizationServer
public class Accounts {
    public static void main(String[] args) {
        SpringApplication.run(Accounts.class, args);
    }
}
